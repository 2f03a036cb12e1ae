"""0003_seed_catalog: every line of the export accounted for, and taken out again without touching anybody's rows."""

import csv

import pytest

from shop.settings import DATA
from workshop import steps
from workshop.checks.s0003_seed_catalog import KEYS


def given(table):
    with (DATA / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        return sum(1 for row in csv.reader(file) if row) - 1


def test_accepted_and_refused_make_given_file_by_file(revision):
    seen = revision.up()
    refused = dict(revision.run("SELECT file, count(*) FROM import_refusals GROUP BY file"))
    for table in KEYS:
        assert seen.rows(table) + refused.get(f"{table}.csv", 0) == given(table), table
    assert seen.rows("import_refusals") == sum(refused.values())


def test_users_have_the_same_key_every_time(revision):
    revision.up()
    first = revision.run("SELECT id, email FROM users ORDER BY email")
    revision.down()
    revision.up()
    assert revision.run("SELECT id, email FROM users ORDER BY email") == first


def test_the_next_insert_finds_a_free_key(revision):
    revision.up()
    for table, columns in {
        "products": "(name, brand, category, price, description) VALUES ('n', 'b', 'c', 1, 'd')",
        "reviews": "(product_id, rating, body, reviewed_on) VALUES (1, 5, 'b', now())",
        "variants": "(product_id, sku, price) VALUES (1, 'mine', 1)",
    }.items():
        [(new,)] = revision.run(f"INSERT INTO {table} {columns} RETURNING id")
        [(before,)] = revision.run(f"SELECT max(id) FROM {table} WHERE id <> :new", new=new)
        assert new == before + 1


def test_downgrade_leaves_no_trace(revision):
    revision.up()
    revision.down()
    assert revision.leaves_no_trace()


def test_rows_of_users_survive_up_and_down(revision):
    revision.run("INSERT INTO features (id, name, description) VALUES (9999, 'of my own', 'd')")
    revision.up()
    revision.run("INSERT INTO users (email, hashed_password) VALUES ('me@example.com', '!')")
    revision.down()
    assert revision.run("SELECT id FROM features") == [(9999,)]
    assert revision.run("SELECT email FROM users") == [("me@example.com",)]


def test_downgrade_refuses_and_names_rows_that_depend_on_the_seed(revision):
    revision.up()
    full = revision.look()
    revision.run("INSERT INTO reviews (product_id, rating, body, reviewed_on) VALUES (2, 5, 'mine', now())")
    with pytest.raises(steps.StepError, match=r"1 row\(s\) of reviews .* point to products .* \(product_id 2\)"):
        revision.down()
    assert revision.look().rows("reviews") == full.rows("reviews") + 1
    revision.run("DELETE FROM reviews WHERE body = 'mine'")
    revision.down()
    assert revision.leaves_no_trace()
