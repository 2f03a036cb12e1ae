"""What 0001_create_sample_table promises."""

from workshop.checks import Look

CAUSE = "0001 was not applied, or the table was changed by hand"


def columns(look: Look) -> None:
    """The table sample has exactly its three columns, of the right types, none of them nullable."""
    found = look.rows("""
        SELECT attname::text, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
        WHERE attrelid = to_regclass('public.sample') AND attnum > 0 AND NOT attisdropped
    """)
    wanted = [
        ("id", "integer", True),
        ("name", "character varying(50)", True),
        ("created_at", "timestamp with time zone", True),
    ]
    look.same("column", map(tuple, found), wanted, CAUSE)


def key(look: Look) -> None:
    """Its key is called pk_sample and is numbered by the database alone."""
    found = look.rows("""
        SELECT c.conname::text, a.attidentity::text FROM pg_constraint c
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
        WHERE c.conrelid = to_regclass('public.sample') AND c.contype = 'p'
    """)
    look.same("primary key", map(tuple, found), [("pk_sample", "a")], CAUSE)


def comments(look: Look) -> None:
    """The table says what it is for."""
    found = look.values("SELECT obj_description(to_regclass('public.sample'), 'pg_class')")
    look.expect(bool(found[0]), "the table has no comment", CAUSE)
