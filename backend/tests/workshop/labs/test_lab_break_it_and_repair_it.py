"""Lab: break it and repair it: why each exercise is red, wrong repairs that stay red, other right ones that are green."""

from __future__ import annotations

import functools

import pytest

from tests.workshop.labs import repairs
from tests.workshop.labs.repairs import DOWNGRADE, UPGRADE, carry_out, reasons
from workshop import chain, labs
from workshop.labs import planted
from workshop.review import review
from workshop.terminal import CommandFailedError

LAB = "lab_break_it_and_repair_it"

REASONS = {
    "stale_sequence": ["the next id is 1, and 4 is taken", "the next till is 1", "a new store is refused"],
    "json_string_in_jsonb": ["warranties are no objects", "holds its sentence", "a string was taken"],
    "pass_as_downgrade": ["current revision missing: draft_gift_cards", "still column gift_cards.code", "already exists"],
    "enum_left_behind": ["current revision missing", "there is still type loyalty_level", "already exists"],
    "swallowed_exception": ["column users.loyalty_points missing"],
    "no_naming_convention": ["convention: variants_product_id_sku_key, variants_stock_check", "downgrade fails"],
    "edited_after_applied": ["by the file draft_wish_lists, column not expected: priority smallint", "differs from a fresh one"],
}  # fmt: skip

MEND_BY_HAND = """
UPDATE products SET warranty = CASE WHEN warranty #>> '{}' IS JSON OBJECT THEN (warranty #>> '{}')::jsonb
                                    ELSE jsonb_build_object('note', warranty #>> '{}') END
WHERE jsonb_typeof(warranty) = 'string';
"""
RULE = "ALTER TABLE products ADD CONSTRAINT ck_products_warranty_is_object CHECK (jsonb_typeof(warranty) = 'object');"
POINTS = "ALTER TABLE users ADD COLUMN loyalty_points integer NOT NULL DEFAULT 0"


part, mended = functools.partial(repairs.part, LAB), functools.partial(repairs.mended, LAB)


def below():
    return f"alembic stamp {chain.steps()[-1].name}"


WRONG = [
    ("stale_sequence", "to the highest number itself", "the next id is 4, and 4 is taken",
     ["SELECT setval('stores_id_seq', 4, false), setval('stores_till_seq', 4, false)"]),
    ("stale_sequence", "one of two", "the next till is 1",
     ["SELECT setval('stores_id_seq', 4)"]),
    ("stale_sequence", "the next row by hand", "the next id is 1, and 5 is taken",
     ["INSERT INTO stores VALUES (5, 5, 'Bruges')"]),
    ("stale_sequence", "the rows moved", "the four stores are not as they were",
     ["UPDATE stores SET id = id + 100, till = till + 100"]),
    ("stale_sequence", "the rows deleted", "the four stores are not as they were",
     ["DELETE FROM stores"]),
    ("json_string_in_jsonb", "what is no JSON thrown away", "holds its sentence",
     ["UPDATE products SET warranty = '{}' WHERE NOT (warranty #>> '{}') IS JSON", part("json_string_in_jsonb", 1),
      UPGRADE]),
    ("json_string_in_jsonb", "all alike", "not {'years': 5, 'by': 'maker'}",
     ["""UPDATE products SET warranty = '{"years": 2, "by": "shop"}'""", part("json_string_in_jsonb", 1), UPGRADE]),
    ("json_string_in_jsonb", "the rows only", "a string was taken as a warranty",
     [MEND_BY_HAND]),
    ("json_string_in_jsonb", "all of it by hand", "differs from a fresh one in constraint products.ck_products_warranty",
     [MEND_BY_HAND + RULE]),
    ("pass_as_downgrade", "the table dropped, the file left", "after upgrade and downgrade there is still",
     ["DROP TABLE gift_cards", UPGRADE]),
    ("pass_as_downgrade", "if not exists", "after upgrade and downgrade there is still",
     [mended("pass_as_downgrade", ('Constraint("code"),', 'Constraint("code"), if_not_exists=True,')), UPGRADE]),
    ("pass_as_downgrade", "only stamped", "after upgrade and downgrade there is still",
     ["alembic stamp head"]),
    ("pass_as_downgrade", "table dropped and not upgraded", "current revision missing: draft_gift_cards",
     [part("pass_as_downgrade", 1), "DROP TABLE gift_cards"]),
    ("enum_left_behind", "the type dropped, the file left", "after upgrade and downgrade there is still type",
     ["DROP TYPE loyalty_level", UPGRADE]),
    ("enum_left_behind", "the file mended, the type left", "current revision missing",
     [part("enum_left_behind", 1)]),
    ("enum_left_behind", "the enum given up", "differs from a fresh one in type loyalty_level",
     [mended("enum_left_behind", ('sa.Enum("bronze", "silver", "gold", name="loyalty_level")', "sa.Text")), UPGRADE]),
    ("enum_left_behind", "the table dropped by hand", "differs from a fresh one in column loyalty_cards.level",
     [part("enum_left_behind", 1), "DROP TYPE loyalty_level", UPGRADE, "DROP TABLE loyalty_cards"]),
    ("swallowed_exception", "a column by hand", "differs from a fresh one in column users.loyalty_points",
     [POINTS]),
    ("swallowed_exception", "run again as it is", "column users.loyalty_points missing",
     [below, UPGRADE]),
    ("swallowed_exception", "a column that may be null", "column users.loyalty_points missing: integer NOT NULL",
     [lambda: part("swallowed_exception", 1)().replace("nullable=False", "nullable=True"), UPGRADE]),
    ("no_naming_convention", "the downgrade only", "not named by the convention",
     [part("no_naming_convention", 1)]),
    ("no_naming_convention", "renamed by hand", "differs from a fresh one in constraint variants",
     ["ALTER TABLE variants RENAME CONSTRAINT variants_product_id_sku_key TO uq_variants_product_id_sku",
      "ALTER TABLE variants RENAME CONSTRAINT variants_stock_check TO ck_variants_stock_plausible"]),
    ("no_naming_convention", "the rules dropped", "no rule says stock <= 100000",
     ["ALTER TABLE variants DROP CONSTRAINT variants_product_id_sku_key, DROP CONSTRAINT variants_stock_check"]),
    ("edited_after_applied", "this one database put right", "by the file draft_wish_lists, column missing",
     ["ALTER TABLE wish_lists ALTER wish TYPE text, ADD priority smallint NOT NULL DEFAULT 3"]),
    ("edited_after_applied", "the file restored, the change forgotten", "column missing: priority smallint",
     [part("edited_after_applied", 1)]),
    ("edited_after_applied", "run again", "a wish is lost",
     [DOWNGRADE, UPGRADE]),
]  # fmt: skip

RIGHT = [
    ("stale_sequence", "restart", ["ALTER TABLE stores ALTER id RESTART WITH 5; ALTER SEQUENCE stores_till_seq RESTART 5"]),
    ("pass_as_downgrade", "dropped by hand, and mended", [part("pass_as_downgrade", 1), "DROP TABLE gift_cards", UPGRADE]),
    ("swallowed_exception", "mended and run again",
     [mended("swallowed_exception", ("integer NOT NULL", "integer NOT NULL DEFAULT 0")), below, UPGRADE]),
    ("no_naming_convention", "names from the beginning",
     [part("no_naming_convention", 1), DOWNGRADE,
      mended("no_naming_convention", ("ADD UNIQUE", "ADD CONSTRAINT uq_variants_product_id_sku UNIQUE"),
             ("ADD CHECK", "ADD CONSTRAINT ck_variants_stock_plausible CHECK")), UPGRADE]),
]  # fmt: skip


@pytest.fixture
def lab(settings):
    return labs.Lab(LAB, settings)  # each test plants, and so begins at head by itself


def test_why_each_exercise_is_red(lab):
    assert list(REASONS) == list(labs.exercises(LAB))
    for name, fragments in REASONS.items():
        lab.plant(name)
        said = reasons(lab.look(name))
        assert [part for part in fragments if part not in said] == [], said


@pytest.mark.slow  # together
@pytest.mark.parametrize(("exercise", "texts", "why"), [pytest.param(e, t, w, id=f"{e}: {n}") for e, n, w, t in WRONG])
def test_a_repair_that_hides_the_symptom_stays_red(lab, exercise, texts, why):
    lab.plant(exercise)
    carry_out(lab, exercise, texts)
    said = reasons(lab.look(exercise))
    assert why in said, said


@pytest.mark.parametrize(("exercise", "texts"), [pytest.param(e, t, id=f"{e}: {n}") for e, n, t in RIGHT])
def test_another_right_repair_is_green(lab, exercise, texts):
    lab.plant(exercise)
    carry_out(lab, exercise, texts)
    lab.check(exercise)


@pytest.mark.parametrize(
    ("draft", "rules"),
    {
        "stale_sequence": {"R304"},
        "json_string_in_jsonb": {"R303"},
        "pass_as_downgrade": {"R101"},
        "enum_left_behind": {"R105"},
        "swallowed_exception": {"R201", "R404"},
        "no_naming_convention": {"R506"},
        "edited_after_applied.2": set(),
    }.items(),
)
def test_the_review_coach_finds_what_the_page_says(draft, rules, tmp_path):
    path = tmp_path / "draft.py"
    path.write_text(planted(LAB, draft))
    found = {one.rule for one in review(path).findings}
    assert found - {"R406"} == rules  # R406: squawk's, where it is installed


def test_a_failed_command_shows_the_error_and_not_the_way_to_it(lab, capsys):
    lab.plant("pass_as_downgrade")
    with pytest.raises(CommandFailedError):
        lab.solve("pass_as_downgrade", UPGRADE)
    said = capsys.readouterr().out
    assert "lines of traceback)\nsqlalchemy.exc.ProgrammingError" in said and 'relation "gift_cards" already' in said
    assert "File " not in said


def test_compare_shows_what_a_fresh_database_has_otherwise(lab):
    lab.plant("edited_after_applied")
    assert lab.compare().summary() == "1 column, ~1 column"
    lab.plant("stale_sequence")
    assert not lab.compare()
