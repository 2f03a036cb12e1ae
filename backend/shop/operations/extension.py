"""op.create_extension and op.drop_extension: an extension that the chain needs, and may find there already.

What an administrator installed, an administrator removes. So the upgrade leaves its mark on an extension that it
created, at the end of the extension's own comment, and the downgrade drops only an extension with the mark. The mark
travels with pg_dump, and goes when the extension goes: nothing has to be tidied up.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations

MARK = " (created by a migration)"


@Operations.register_operation("create_extension")
class CreateExtension(MigrateOperation):
    """Create an extension unless it is there."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def create_extension(cls, operations: Operations, name: str) -> None:
        """Create an extension unless it is there, and remember which of the two it was.

        The database says in one sentence when the server does not have the extension, or when only an administrator
        may create it.
        """
        operations.invoke(cls(name))


@Operations.register_operation("drop_extension")
class DropExtension(MigrateOperation):
    """Drop an extension if op.create_extension created it."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def drop_extension(cls, operations: Operations, name: str) -> None:
        """Drop an extension if op.create_extension created it. What others built on it is never dropped with it."""
        operations.invoke(cls(name))


@Operations.implementation_for(CreateExtension)
def create(operations: Operations, plan: CreateExtension) -> None:
    """Have the server look and decide, so that a script written by `--sql` does the same."""
    operations.execute(_CREATE)
    operations.execute(sa.select(sa.func.pg_temp.create_extension(_text(plan.name), _text(MARK))))


@Operations.implementation_for(DropExtension)
def drop(operations: Operations, plan: DropExtension) -> None:
    """As create()."""
    operations.execute(_DROP)
    operations.execute(sa.select(sa.func.pg_temp.drop_extension(_text(plan.name), _text(MARK))))


def _text(value: str) -> sa.BindParameter[str]:
    return sa.literal(value, sa.Text)


# %I and %L: the server itself quotes what can be no parameter. The functions end with the session.
_CREATE = """
    CREATE OR REPLACE FUNCTION pg_temp.create_extension(wanted text, mark text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_extension WHERE extname = wanted) THEN
            RETURN;
        END IF;
        IF NOT EXISTS (SELECT FROM pg_available_extensions WHERE name = wanted) THEN
            RAISE EXCEPTION 'This server does not have the extension "%"', wanted
                USING ERRCODE = 'feature_not_supported',
                HINT = 'Install it on the server, or use `workshop start` or the Dev Container.';
        END IF;
        BEGIN
            EXECUTE format('CREATE EXTENSION %I', wanted);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'Only an administrator of this server may create the extension "%"', wanted
                USING ERRCODE = 'feature_not_supported',
                HINT = format('Have one run CREATE EXTENSION %I in this database.', wanted);
        END;
        EXECUTE format('COMMENT ON EXTENSION %I IS %L', wanted, concat(
            (SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = wanted), mark));
    END $$
"""

_DROP = """
    CREATE OR REPLACE FUNCTION pg_temp.drop_extension(wanted text, mark text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM pg_extension
                   WHERE extname = wanted AND right(obj_description(oid, 'pg_extension'), length(mark)) = mark) THEN
            EXECUTE format('DROP EXTENSION %I', wanted);
        END IF;
    END $$
"""
