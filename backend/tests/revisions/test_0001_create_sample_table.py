"""0001_create_sample_table: the table, its rules, and nothing left of it."""

import pytest
import sqlalchemy as sa


def test_there_is_nothing_before(revision):
    assert revision.before.names("table") == []


def test_makes_one_table(revision):
    seen = revision.up()
    assert seen.summary() == "1 table, 3 columns, 1 constraint, 1 index"
    assert revision.run("INSERT INTO sample (name) VALUES ('a') RETURNING id, created_at IS NOT NULL") == [(1, True)]


def test_refuses_what_it_should(revision):
    revision.up()
    with pytest.raises(sa.exc.IntegrityError, match="null value"):
        revision.run("INSERT INTO sample (name) VALUES (NULL)")
    with pytest.raises(sa.exc.DataError, match="too long"):
        revision.run("INSERT INTO sample (name) VALUES (repeat('x', 51))")
    with pytest.raises(sa.exc.ProgrammingError, match="cannot insert a non-DEFAULT"):
        revision.run("INSERT INTO sample (id, name) VALUES (7, 'x')")


def test_downgrade_leaves_no_trace_even_with_rows(revision):
    revision.up()
    revision.run("INSERT INTO sample (name) VALUES ('a'), ('b')")
    revision.down()
    assert revision.leaves_no_trace()
