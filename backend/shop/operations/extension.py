"""op.create_extension and op.drop_extension: an extension that the chain needs, and may find there already.

What an administrator installed, an administrator removes. So the upgrade leaves its mark on an extension that it
created, at the end of the extension's own comment, and the downgrade drops only an extension with the mark. The mark
travels with pg_dump, and goes when the extension goes: nothing has to be tidied up. A schema that came with the
extension, as Apache AGE's ag_catalog does, is marked and dropped like it.

AGE 1.8 does not survive an error in the transaction that created or dropped it: ROLLBACK fails, and the session with
it. What may fail after op.create_extension("age") therefore belongs inside a savepoint (op.create_graph makes one), and
op.drop_extension is the last statement of a downgrade.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations

MARK = " (created by a migration)"


@Operations.register_operation("create_extension")
class CreateExtension(MigrateOperation):
    """Create an extension unless it is there."""

    def __init__(self, name: str, *, oldest: str = "0") -> None:
        self.name, self.oldest = name, oldest

    @classmethod
    def create_extension(cls, operations: Operations, name: str, *, oldest: str = "0") -> None:
        """Create an extension unless it is there, and remember which of the two it was.

        Args:
            oldest: the first version that will do, such as "1.6".

        The database says in one sentence when the server does not have the extension, or has only an older version, or
        when only an administrator may create it.
        """
        operations.invoke(cls(name, oldest=oldest))


@Operations.register_operation("drop_extension")
class DropExtension(MigrateOperation):
    """Drop an extension if op.create_extension created it."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def drop_extension(cls, operations: Operations, name: str) -> None:
        """Drop an extension if op.create_extension created it. What others built on it is never dropped with it.

        The database names what stands in the way, graphs of Apache AGE included, which AGE itself would drop.
        """
        operations.invoke(cls(name))


@Operations.implementation_for(CreateExtension)
def create(operations: Operations, plan: CreateExtension) -> None:
    """Have the server look and decide, so that a script written by `--sql` does the same."""
    operations.execute(_CREATE)
    call = sa.func.pg_temp.create_extension(_text(plan.name), _text(plan.oldest), _text(MARK))
    operations.execute(sa.select(call))


@Operations.implementation_for(DropExtension)
def drop(operations: Operations, plan: DropExtension) -> None:
    """As create()."""
    operations.execute(_DROP)
    operations.execute(sa.select(sa.func.pg_temp.drop_extension(_text(plan.name), _text(MARK))))


def _text(value: str) -> sa.BindParameter[str]:
    return sa.literal(value, sa.Text)


# %I and %L: the server itself quotes what can be no parameter. The functions end with the session.
_CREATE = r"""
    CREATE OR REPLACE FUNCTION pg_temp.create_extension(wanted text, oldest text, mark text) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
        needed text := format('"%s"', wanted) || coalesce(' in version ' || nullif(oldest, '0') || ' or newer', '');
        way_out text := 'on the server, or use `workshop start` or the Dev Container; `workshop doctor` says more.';
        here text;
        had_schemas oid[] := ARRAY(SELECT oid FROM pg_namespace);
        came_along text;
    BEGIN
        SELECT coalesce(installed_version, default_version) INTO here FROM pg_available_extensions WHERE name = wanted;
        IF here IS NULL THEN
            RAISE EXCEPTION 'This server does not have the extension %', needed
                USING ERRCODE = 'feature_not_supported',
                HINT = 'Install it ' || way_out;
        END IF;
        IF string_to_array(substring(here FROM '\d+(?:\.\d+)*'), '.')::integer[]
               < string_to_array(oldest, '.')::integer[] THEN
            RAISE EXCEPTION 'This server has version % of an extension, and needed is %', here, needed
                USING ERRCODE = 'feature_not_supported',
                HINT = 'Upgrade it ' || way_out;
        END IF;
        IF EXISTS (SELECT FROM pg_extension WHERE extname = wanted) THEN
            RETURN;
        END IF;
        BEGIN
            EXECUTE format('CREATE EXTENSION %I', wanted);
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE EXCEPTION 'Only an administrator of this server may create the extension "%"', wanted
                USING ERRCODE = 'feature_not_supported',
                HINT = format('Have one run CREATE EXTENSION %I here; `workshop doctor` says more.', wanted);
        END;
        EXECUTE format('COMMENT ON EXTENSION %I IS %L', wanted, concat(
            (SELECT obj_description(oid, 'pg_extension') FROM pg_extension WHERE extname = wanted), mark));
        SELECT n.nspname INTO came_along FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = wanted AND n.oid <> ALL (had_schemas);
        IF came_along IS NOT NULL THEN
            EXECUTE format('COMMENT ON SCHEMA %I IS %L', came_along, format('Of the extension %s%s', wanted, mark));
        END IF;
    END $$
"""

_DROP = """
    CREATE OR REPLACE FUNCTION pg_temp.drop_extension(wanted text, mark text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        home oid;
        came_along text;
        graphs text;
    BEGIN
        SELECT extnamespace INTO home FROM pg_extension
        WHERE extname = wanted AND right(obj_description(oid, 'pg_extension'), length(mark)) = mark;
        IF home IS NULL THEN
            RETURN;
        END IF;
        IF wanted = 'age' THEN
            EXECUTE 'SELECT string_agg(name, '', '' ORDER BY name) FROM ag_catalog.ag_graph' INTO graphs;
            IF graphs IS NOT NULL THEN
                RAISE EXCEPTION 'the graphs of "age" are: %', graphs USING ERRCODE = 'dependent_objects_still_exist';
            END IF;
        END IF;
        EXECUTE format('DROP EXTENSION %I', wanted);
        SELECT nspname INTO came_along FROM pg_namespace n
        WHERE oid = home AND right(obj_description(oid, 'pg_namespace'), length(mark)) = mark
          AND NOT EXISTS (SELECT FROM pg_depend WHERE refclassid = 'pg_namespace'::regclass AND refobjid = n.oid);
        IF came_along IS NOT NULL THEN
            EXECUTE format('DROP SCHEMA %I', came_along);
        END IF;
    END $$
"""
