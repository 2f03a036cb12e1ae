"""Lab: break it and repair it

Seven defects that real chains of migrations have. Each is planted by a draft revision that Alembic really runs; the
drafts stand in planted/lab_break_it_and_repair_it.

Where a draft is broken, it does not do to put this one database right: every database that runs the same files has to
come out the same. So the checks build a fresh database from the files, compare, and take the drafts down and up again.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa
from alembic import command

from shop import database
from shop.settings import Settings
from workshop import beside, scratch
from workshop.checks import Look
from workshop.labs import exercise, planted
from workshop.labs.looks import faithful, goes, settings_of

LAB = "lab_break_it_and_repair_it"
STORES = [(1, 1, "Ghent"), (2, 2, "Lille"), (3, 3, "Porto"), (4, 4, "Turku")]
SAID = "the battery for 2 years, the rest for 5"  # a warranty that is no JSON


# -- planting ---------------------------------------------------------------------------------------------------------


def draft(name: str) -> None:
    """Write a planted draft into the learner's scratch folder, under the revision id that it declares."""
    scratch.write_as_declared(planted(LAB, name))


def apply(settings: Settings, name: str) -> None:
    """Write a planted draft and run it."""
    draft(name)
    beside.upgrade(settings)


def applied(name: str) -> Callable[[Settings], None]:
    """Plant a draft that ran."""
    return lambda settings: apply(settings, name)


def undone(name: str) -> Callable[[Settings], None]:
    """Plant a draft that ran and was taken back."""

    def plant(settings: Settings) -> None:
        apply(settings, name)
        beside.downgrade(settings)

    return plant


# -- the exercises -----------------------------------------------------------------------------------------------------


@exercise(applied("stale_sequence"))
def stale_sequence(look: Look) -> None:
    """The four stores keep their numbers, every sequence of the table is past the highest of them, and a new store can
    be inserted."""
    found = look.rows("SELECT id, till, city FROM stores")
    look.expect(set(STORES) <= set(map(tuple, found)), "the four stores are not as they were",
                "the old numbers stand in the accounts: move the sequence, not the rows")  # fmt: skip
    for column, sequence in look.rows("""
        SELECT attname::text, pg_get_serial_sequence('stores', attname) FROM pg_attribute
        WHERE attrelid = 'stores'::regclass AND attnum > 0 AND NOT attisdropped
          AND pg_get_serial_sequence('stores', attname) IS NOT NULL
    """):
        [(following, highest)] = look.rows(f"""
            SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END, (SELECT coalesce(max({column}), 0) FROM stores)
            FROM {sequence}
        """)  # noqa: S608  names that the server itself has quoted
        look.expect(following > highest, f"the next {column} is {following}, and {highest} is taken",
                    f"{sequence} was not moved on; setval(..., false) gives that very number next")  # fmt: skip
    look.expect(look.seen > len(found), "no column numbers itself any more", "a sequence was dropped")
    try:
        # rolled back afterwards, but for the number it takes: a sequence never goes back
        look.connection.execute(sa.text("INSERT INTO stores (city) VALUES ('Check')"))
    except sa.exc.IntegrityError as refused:
        said = str(refused.orig).splitlines()[0]
        look.expect(False, f"a new store is refused: {said}", "a sequence gives numbers that are taken")


def _json_string_in_jsonb(settings: Settings) -> None:
    apply(settings, "json_string_in_jsonb")
    with database.connect(settings) as connection, connection.begin():
        # What the shop's own pages wrote afterwards: a right warranty for two products, and for one a sentence.
        right, sentence = _written_later(connection)
        connection.execute(
            sa.text("UPDATE products SET warranty = CAST(:object AS jsonb) WHERE id = ANY(:right)"),
            {"object": '{"years": 5, "by": "maker"}', "right": right},
        )
        connection.execute(
            sa.text("UPDATE products SET warranty = to_jsonb(CAST(:said AS text)) WHERE id = :id"),
            {"said": SAID, "id": sentence},
        )


def _written_later(connection: sa.Connection) -> tuple[list[int], int]:
    """Return the keys of the two products whose warranty is right, and of the one whose warranty is a sentence."""
    first, second, third = connection.scalars(sa.text("SELECT id FROM products ORDER BY id LIMIT 3")).all()
    return [first, second], third


@exercise(_json_string_in_jsonb)
def json_string_in_jsonb(look: Look) -> None:
    """Every product's warranty is an object with what was written in it, nothing is lost, a string is refused from now
    on, and all of this stands in a revision."""
    right, sentence = _written_later(look.connection)
    found = look.rows("SELECT id, price, warranty, jsonb_typeof(warranty) AS kind FROM products ORDER BY id")
    kinds = [row.id for row in found if row.kind != "object"]
    look.expect(not kinds, f"{len(kinds)} warranties are no objects, the first that of product {min(kinds, default=0)}",
                "jsonb holds a string that looks like JSON: it was serialized twice, or it is a sentence")  # fmt: skip
    for row in found:
        if row.id == sentence:
            kept = row.kind == "object" and SAID in row.warranty.values()
            look.expect(kept, f'no object of product {row.id} holds its sentence: "{SAID}"',
                        "it is no JSON, and still it is what somebody promised a buyer")  # fmt: skip
        elif row.kind == "object":
            years, by = (5, "maker") if row.id in right else (3, "maker") if row.price >= 200 else (2, "shop")
            wanted = {"years": years, "by": by}
            look.expect(row.warranty == wanted, f"the warranty of product {row.id} is {row.warranty}, not {wanted}",
                        "the repair changed what was written")  # fmt: skip
    try:
        look.connection.execute(
            sa.text("UPDATE products SET warranty = to_jsonb(CAST('x' AS text)) WHERE id = :id"), {"id": sentence}
        )
    except sa.exc.IntegrityError:
        look.seen += 1
    else:
        look.expect(False, "a string was taken as a warranty", "no rule says that it is an object; it will come back")
    look.connection.rollback()  # a second session reads the table now
    faithful(look, "draft_add_warranty")


@exercise(undone("pass_as_downgrade"))
def pass_as_downgrade(look: Look) -> None:
    """draft_gift_cards is applied, this database is what a fresh one would be, and downgrade and upgrade leave no
    trace."""
    faithful(look, "draft_gift_cards")


@exercise(undone("enum_left_behind"))
def enum_left_behind(look: Look) -> None:
    """draft_loyalty_cards is applied, its downgrade takes table and type along, and it can be applied again."""
    faithful(look, "draft_loyalty_cards")
    values = look.values("SELECT v::text FROM unnest(enum_range(NULL::loyalty_level)) AS v")
    look.same("level", values, ["bronze", "silver", "gold"], "the type is there to refuse every other level")


@exercise(applied("swallowed_exception"))
def swallowed_exception(look: Look) -> None:
    """Every user has a number of loyalty points, and the column comes from a revision, so that every other database
    gets it, too."""
    found = look.values("""
        SELECT format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' NOT NULL' ELSE '' END
        FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'loyalty_points' AND NOT attisdropped
    """)
    look.same("column users.loyalty_points", found, ["integer NOT NULL"],
              "the statement failed, the draft swallowed that, and Alembic noted it as done")  # fmt: skip
    faithful(look, "draft_loyalty_points")


@exercise(applied("no_naming_convention"))
def no_naming_convention(look: Look) -> None:
    """Every rule of the variants bears the name that the convention gives it, both new rules still hold, and the drafts
    can be taken back."""
    found = look.rows("""
        SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = 'variants'::regclass AND contype IN ('p', 'u', 'f', 'c')
    """)
    strangers = [name for name, _ in found if not re.match("(pk|uq|fk|ck)_variants(_|$)", name)]
    look.expect(not strangers, f"not named by the convention: {', '.join(sorted(strangers))}",
                "raw SQL gave no name, and the naming convention is applied by op.* only")  # fmt: skip
    for rule in ("UNIQUE (product_id, sku)", "stock <= 100000"):
        look.expect(any(rule in definition for _, definition in found), f"no rule says {rule}",
                    "it was dropped and not made again")  # fmt: skip
    faithful(look, "draft_tighten_variants")


def _edited_after_applied(settings: Settings) -> None:
    apply(settings, "edited_after_applied.1")
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql("INSERT INTO wish_lists (wish) VALUES ('a longer strap'), ('a second charger')")
    draft("edited_after_applied.2")  # the same revision id, and another text


@exercise(_edited_after_applied)
def edited_after_applied(look: Look) -> None:
    """draft_wish_lists is again what was applied, a revision of its own makes the change, and this database and a fresh
    one are the same; no wish is lost."""
    columns = """
        SELECT format('%s %s', attname, format_type(atttypid, atttypmod)) FROM pg_attribute
        WHERE attrelid = 'wish_lists'::regclass AND attnum > 0 AND NOT attisdropped
    """
    applied = ["id integer", "wish character varying(80)"]
    with beside.fresh(settings_of(look)) as place:
        if goes(look, "alembic upgrade draft_wish_lists", _only_the_first, place):
            with database.connect(place) as connection:
                look.same("by the file draft_wish_lists, column", connection.scalars(sa.text(columns)),
                          applied, "it was edited after it was applied: databases that ran it stay behind")  # fmt: skip
    wanted = ["id integer", "wish text", "priority smallint"]
    look.same("column", look.values(columns), wanted, "the change was not made here")
    wishes = look.values("SELECT wish FROM wish_lists")
    look.expect({"a longer strap", "a second charger"} <= set(wishes), "a wish is lost", "the table was made anew")
    look.connection.rollback()
    faithful(look, "draft_wish_lists")


def _only_the_first(place: Settings) -> None:
    beside.move(place, command.upgrade, "draft_wish_lists")
