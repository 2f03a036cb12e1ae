"""Lab: write your own revision"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from shop import database
from shop.settings import Settings
from workshop import beside, labs, scratch
from workshop.checks import Look
from workshop.labs import exercise
from workshop.labs.looks import HERE, as_the_models, judged, refusal

LAB = __name__.rpartition(".")[2]


# -- what is broken -------------------------------------------------------------------------------------------


def wish(*changes: tuple[str, str]) -> Callable[[Settings], None]:
    """Change a copy of the shop's models of people, so that they ask for something the database does not have."""

    def plant(settings: Settings) -> None:
        copy = scratch.copy_models("people")
        for old, new in changes:
            copy.replace(old, new)

    return plant


def after(*earlier: str) -> Callable[[Settings], None]:
    """Apply the workshop's own drafts of earlier exercises, so that everybody goes on from the same place."""

    def plant(settings: Settings) -> None:
        for name in earlier:
            scratch.write_as_declared(labs.solution(LAB, name).text)
        beside.upgrade(settings)

    return plant


def late_review(settings: Settings) -> None:
    """After the backfill the old program, which knows no word_count, still writes a review."""
    after("expand", "backfill")(settings)
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql(
            "INSERT INTO reviews (product_id, author, rating, body, reviewed_on) "
            "VALUES (1, 'late', 4, 'Five words came in late', '2026-11-20')"
        )


# -- your first one -------------------------------------------------------------------------------------------

BEFORE_PROFILE = "    profile: Mapped[str | None]"
LAST_LOGIN = """    last_login: Mapped[datetime | None] = mapped_column(
        sa.DateTime(timezone=True), comment="When the shopper was last here; null for never"
    )
"""


@exercise(wish((BEFORE_PROFILE, LAST_LOGIN + BEFORE_PROFILE)))
def last_login(look: Look) -> None:
    """users.last_login is there, as the models ask, through a draft that was read and that works in both directions."""
    kinds = look.values("""
        SELECT format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = to_regclass('users') AND attname = 'last_login' AND NOT attisdropped
    """)
    look.expect(bool(kinds), "users has no column last_login", HERE)
    look.same("the type of users.last_login", kinds, ["timestamp with time zone"], "a moment needs its time zone")
    as_the_models(look)
    judged(look)


# -- NOT NULL on a table with rows ----------------------------------------------------------------------------


@exercise(after())
def expand(look: Look) -> None:
    """reviews.word_count is there, may be null, and the old program can still write a review without it."""
    _word_count(look, nullable=True)
    added = "INSERT INTO reviews (product_id, rating, body, reviewed_on) VALUES (1, 5, 'As before', '2026-11-20')"
    refused = refusal(look, lambda: look.connection.execute(sa.text(added)))
    look.expect(not refused, refused, "the shop that runs now does not know the new column")
    judged(look)


@exercise(after("expand"))
def backfill(look: Look) -> None:
    """Every review has the number of its words, written in batches, and still nothing requires it."""
    _word_count(look, nullable=True)
    _counted(look)
    judged(look)


@exercise(late_review)
def contract(look: Look) -> None:
    """No review lacks its word count, the one that came late included, and from now on none can."""
    _word_count(look, nullable=False)
    _counted(look)
    late = look.values("SELECT word_count FROM reviews WHERE author = 'late'")
    look.same("the word count of the review that came late", late, [5], "it must be filled, not thrown away")
    extra = look.values("""
        SELECT conname FROM pg_constraint
        WHERE conrelid = 'reviews'::regclass AND contype = 'c' AND conname LIKE '%word_count%'
    """)
    look.expect(not extra, f"the helping constraint {', '.join(extra)} is left", "drop it when NOT NULL stands")
    judged(look)


# -- what autogenerate gets wrong -----------------------------------------------------------------------------


@exercise(wish(("    profile: Mapped", "    about: Mapped")))
def rename(look: Look) -> None:
    """users.profile is called users.about, and what the shoppers wrote is still in it."""
    columns = look.values("""
        SELECT attname FROM pg_attribute
        WHERE attrelid = to_regclass('users') AND attname IN ('profile', 'about') AND NOT attisdropped
    """)
    look.same("column of users", columns, ["about"], HERE)
    if columns == ["about"]:
        [told] = look.values("SELECT count(about) FROM users")
        look.expect(told > 0, "users.about is empty", "a column that is dropped takes its contents with it: rename it")
    as_the_models(look)
    judged(look)


UNIQUE = '        sa.UniqueConstraint("email"),\n'
LOWER_CASE = """        sa.CheckConstraint("email = lower(email)", name="email_lower_case"),
"""


@exercise(wish((UNIQUE, UNIQUE + LOWER_CASE)))
def check_constraint(look: Look) -> None:
    """The database refuses an address with a capital letter, by the constraint that the models name."""
    found = look.rows("""
        SELECT conname, convalidated FROM pg_constraint
        WHERE conrelid = 'users'::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE '%lower%'
    """)
    wanted = [("ck_users_email_lower_case", True)]
    look.same("constraint (name, validated)", map(tuple, found), wanted, "the naming convention says ck_<table>_<name>")
    added = "INSERT INTO users (email, hashed_password) VALUES ('Ada@example.com', '!')"
    refused = refusal(look, lambda: look.connection.execute(sa.text(added)))
    look.expect("email_lower_case" in refused, "Ada@example.com was taken", HERE)
    judged(look)


PRODUCT = '    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)\n    user_id: Mapped'
RATING = '        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating_one_to_five"),\n'
HASH_INDEX = '        sa.Index("ix_reviews_product_id", "product_id", postgresql_using="hash"),\n'


@exercise(wish((PRODUCT, PRODUCT.replace(", index=True", "")), (RATING, RATING + HASH_INDEX)))
def index_method(look: Look) -> None:
    """reviews.product_id has a hash index of the old name, valid, and writing was never blocked."""
    found = look.rows("""
        SELECT am.amname, i.indexrelid::regclass::text, i.indisvalid FROM pg_index i
        JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am am ON am.oid = c.relam
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = 'reviews'::regclass AND a.attname = 'product_id'
    """)
    wanted = [("hash", "ix_reviews_product_id", True)]
    look.same("index (method, name, valid)", map(tuple, found), wanted, "build the new one first, then swap the names")
    judged(look)


# -- looking --------------------------------------------------------------------------------------------------


def _word_count(look: Look, nullable: bool) -> None:
    found = look.values("""
        SELECT NOT attnotnull FROM pg_attribute
        WHERE attrelid = to_regclass('reviews') AND attname = 'word_count' AND NOT attisdropped
    """)
    look.expect(bool(found), "reviews has no column word_count", HERE)
    cause = "the old program does not know the column yet" if nullable else "ALTER COLUMN word_count SET NOT NULL"
    look.same("reviews.word_count may be null:", found, [nullable], cause)


def _counted(look: Look) -> None:
    [wrong] = look.values(r"""
        SELECT count(*) FROM reviews
        WHERE word_count IS DISTINCT FROM cardinality(regexp_split_to_array(btrim(body), '\s+'))
    """)
    look.expect(wrong == 0, f"{wrong} review(s) without the number of their words", "fill every row that has none")
