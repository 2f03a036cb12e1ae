"""Promises that several steps make about their tables, each in the words of its own step."""

from collections.abc import Collection

from workshop.checks import Look


def commented_tables(look: Look, names: Collection[str], cause: str) -> None:
    """The tables stand, each with a comment."""
    found = look.rows(
        "SELECT relname::text, obj_description(oid, 'pg_class') FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY(:names)",
        names=list(names),
    )
    look.same("table", (name for name, _ in found), names, cause)
    look.same("comment on", (name for name, comment in found if comment), (name for name, _ in found), cause)


def named_rules(look: Look, tables: Collection[str], wanted: Collection[str], cause: str) -> None:
    """The CHECK and UNIQUE rules of the tables, and no others, stand under these names and were tested on every row."""
    found = look.values(
        "SELECT conname::text FROM pg_constraint WHERE contype IN ('c', 'u') AND convalidated "
        "AND conrelid = ANY(:names ::regclass[])",
        names=list(tables),
    )
    look.same("rule", found, wanted, cause)


def typed_columns(look: Look, wanted: Collection[tuple[str, str, str, bool]], cause: str) -> None:
    """The columns (table, column, type, whether NOT NULL) are there and are of these types."""
    found = look.rows(
        """
        SELECT w.name, a.attname::text, format_type(a.atttypid, a.atttypmod), a.attnotnull
        FROM unnest(CAST(:tables AS text[]), CAST(:columns AS text[])) AS w (name, attribute)
        JOIN pg_attribute a ON a.attrelid = to_regclass(w.name) AND a.attname = w.attribute
        """,
        tables=[table for table, *_ in wanted],
        columns=[column for _, column, *_ in wanted],
    )
    look.same("column", map(tuple, found), wanted, cause)


def indexed_foreign_keys(look: Look, wanted: Collection[str], cause: str) -> None:
    """The foreign keys of these names stand, and a whole and valid index begins with the column of each."""
    found = look.rows(
        """
        SELECT c.conname::text, EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indpred IS NULL
            AND i.indkey[0] = c.conkey[1])
        FROM pg_constraint c WHERE c.contype = 'f' AND c.conname = ANY(:names)
        """,
        names=list(wanted),
    )
    look.same("foreign key", (name for name, _ in found), wanted, cause)
    look.same("index for", (name for name, there in found if there), (name for name, _ in found), cause)
