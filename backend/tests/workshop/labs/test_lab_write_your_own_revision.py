"""What the checks of this lab say before a repair, and repairs that look right and are not."""

from __future__ import annotations

import pytest

from shop import database
from workshop import beside, chain, labs, steps

LAB = "lab_write_your_own_revision"

RED = {
    "last_login": ["users has no column last_login", "there is no draft", "`alembic check` finds 1 difference"],
    "expand": ["reviews has no column word_count", "there is no draft"],
    "backfill": ["1278 review(s) without the number of their words"],
    "contract": ["may be null: missing: False", "1 review(s) without", "missing: 5"],
    "rename": ["column of users missing: about", "not expected: profile", "there is no draft"],
    "check_constraint": ["constraint (name, validated) missing", "Ada@example.com was taken", "there is no draft"],
    "index_method": ["'hash', 'ix_reviews_product_id', True", "'btree', 'ix_reviews_product_id', True"],
}


def reasons(lab, name):
    return " | ".join(why for result in lab.look(name).results for why in result.reasons())


@pytest.mark.parametrize("name", RED)
def test_red_for_its_reason(settings, name):
    lab = labs.begin(LAB)
    lab.plant(name)
    said = reasons(lab, name)
    assert [words for words in RED[name] if words not in said] == [], said


def test_every_exercise_is_listed_here():
    assert list(RED) == list(labs.exercises(LAB))


def after_solving(settings, name, *changes):
    """Write the workshop's draft with changes, and apply it as far as it goes."""
    lab = labs.begin(LAB)
    lab.plant(name)
    text = lab.solution(name).text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    lab.solve(name, text)
    beside.upgrade(settings)
    return reasons(lab, name)


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("last_login", [("timezone=True", "timezone=False")], "a moment needs its time zone"),
        ("last_login", [('op.drop_column("users", "last_login")', "pass")], "_add_last_login_column_to.py, line"),
        ("expand", [("sa.Integer, comment", "sa.Integer, nullable=False, server_default='0', comment")], "may be null"),
        ("backfill", [("btrim(body)", "body || ' more'")], "1278 review(s) without the number"),
        ("contract", [("        op.execute(r", "        op.execute(\"DELETE FROM reviews WHERE word_count IS NULL\")\n        op.execute(r")], "missing: 5"),
        ("contract", [('    op.drop_constraint("word_count_given", "reviews", type_="check")\n', "")], "the helping constraint"),
        ("check_constraint", [('        op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_email_lower_case")\n', "")], "('ck_users_email_lower_case', False)"),
        ("index_method", [('postgresql_using="hash", ', "")], "'btree', 'ix_reviews_product_id'"),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_repair_stays_red(settings, name, changes, words):
    assert words in after_solving(settings, name, *changes)


def test_a_rename_as_autogenerate_writes_it_stays_red(settings):
    said = after_solving(
        settings,
        "rename",
        ('op.alter_column("users", "profile", new_column_name="about")',
         'op.execute("ALTER TABLE users ADD about text"); op.execute("ALTER TABLE users DROP profile")'),
        ('op.alter_column("users", "about", new_column_name="profile")',
         'op.execute("ALTER TABLE users ADD profile text"); op.execute("ALTER TABLE users DROP about")'),
    )  # fmt: skip
    assert "users.about is empty" in said


def test_a_column_made_by_hand_stays_red(settings):
    lab = labs.begin(LAB)
    lab.plant("expand")
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql("ALTER TABLE reviews ADD word_count integer")
    assert "there is no draft in backend/scratch" in reasons(lab, "expand")


def test_leaving_the_drafts_runs_their_own_downgrades(settings):
    labs.begin(LAB).plant("contract")
    assert steps.current(settings).endswith("_fill_word_count")
    steps.leave_drafts(settings)
    assert steps.current(settings) == chain.steps()[-1].name
    with database.connect(settings) as connection:
        assert not connection.exec_driver_sql(
            "SELECT 1 FROM pg_attribute WHERE attrelid = 'reviews'::regclass AND attname = 'word_count'"
        ).all()
