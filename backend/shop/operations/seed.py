"""What every seed needs: where its files are, sequences that a rollback undoes, and who depends on its rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from shop import settings
from shop.errors import ExplainedError


class RemoveError(ExplainedError):
    """Rows that the seed did not put in depend on rows that it did."""


def data_path(name: str) -> Path:
    """Return the place of a file or folder of the export: SHOP_DATA, or data/ in the repository."""
    return Path(os.environ.get("SHOP_DATA") or settings.DATA) / name


def move_sequences_on(operations: Operations, table: str) -> None:
    """Let each identity sequence go on after the highest value; on an empty table, from its start."""
    operations.execute(_MOVE_ON)
    operations.execute(sa.select(sa.func.pg_temp.move_sequences_on(sa.literal(table, sa.Text))))


# A function in pg_temp, not a query from here: it also works in a script written by `--sql`, which cannot ask
# the catalog for the names of the columns. RESTART and not setval(): a rollback undoes the one and not the other.
_MOVE_ON = """
    CREATE OR REPLACE FUNCTION pg_temp.move_sequences_on(into_table text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        identity record;
        highest bigint;
    BEGIN
        FOR identity IN
            SELECT attname AS name FROM pg_attribute
            WHERE attrelid = to_regclass(quote_ident(into_table)) AND attidentity <> ''
        LOOP
            EXECUTE format('SELECT max(%I) FROM %I', identity.name, into_table) INTO highest;
            EXECUTE format('ALTER TABLE %I ALTER COLUMN %I RESTART WITH %s', into_table, identity.name,
                           coalesce(highest, 0) + 1);
        END LOOP;
    END $$
"""


def pointing_to(connection: sa.Connection, table: str) -> Sequence[Any]:
    """Return (child table, its column, the column pointed to) of every foreign key of one column to a table."""
    return connection.execute(_POINTING_HERE, {"table": table}).all()


_POINTING_HERE = sa.text("""
    SELECT c.conrelid::regclass::text AS child, a.attname AS child_column, f.attname AS parent_column
    FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    JOIN pg_attribute f ON f.attrelid = c.confrelid AND f.attnum = c.confkey[1]
    WHERE c.contype = 'f' AND c.confrelid = to_regclass(quote_ident(:table)) AND cardinality(c.conkey) = 1
    ORDER BY child, child_column
""")
