"""op.build_index and op.drop_built_index: an index on a table that is in use, and may be run again.

    op.build_index("ix_review_embeddings_embedding", "review_embeddings", "embedding vector_cosine_ops", using="hnsw")

CREATE INDEX CONCURRENTLY lets the shop write while it builds. For that it gives up the transaction: broken off in the
middle, it leaves an invalid index, which is kept up to date and never used, and the next run fails with "already
exists". So op.build_index looks first: an invalid leftover is dropped, a valid index of the same definition is kept,
and a valid one of another definition is an error. The definitions are compared in the server's own words, which it
gives for the same index on an empty copy of the table.

What the server remarks on the build goes to the log as a warning: an ivfflat index on a table without rows, for one, is
built, and finds little for ever.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Mapping

import psycopg
import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations

from shop.errors import ExplainedError

log = logging.getLogger("alembic.operations.build_index")

# How long it waits for older transactions to end. Unlike other DDL it makes nobody wait meanwhile.
PATIENCE = "10min"


class OtherIndexError(ExplainedError):
    """A valid index of this name is there, and it is another one."""


@Operations.register_operation("build_index")
class BuildIndex(MigrateOperation):
    """Build an index concurrently; see the module's text."""

    def __init__(
        self,
        name: str,
        table: str,
        on: str,
        *,
        using: str = "btree",
        options: Mapping[str, int] | None = None,
        unique: bool = False,
    ) -> None:
        self.name, self.table, self.on, self.using, self.options = name, table, on, using, dict(options or {})
        self.unique = unique

    @classmethod
    def build_index(
        cls,
        operations: Operations,
        name: str,
        table: str,
        on: str,
        *,
        using: str = "btree",
        options: Mapping[str, int] | None = None,
        unique: bool = False,
    ) -> None:
        """Build an index concurrently, outside any transaction.

        Args:
            name: without a schema.
            table: with its schema, unless that is on the search_path; the index is made in the same.
            on: what stands in the parentheses: columns or expressions, with their operator classes.
            using: the method: btree, gin, hnsw, ivfflat.
            options: storage parameters, such as {"m": 16}.

        Raises:
            OtherIndexError: a valid index of this name has another definition; nothing was changed.
        """
        operations.invoke(cls(name, table, on, using=using, options=options, unique=unique))

    @property
    def place(self) -> str:
        """The name with the schema of the table, if that was given."""
        schema, dot, _ = self.table.rpartition(".")
        return f"{schema}{dot}{self.name}"

    def statement(self, on_table: str, concurrently: str) -> str:
        """Return CREATE INDEX. All of it is the revision's own code, trusted like any other statement of it."""
        options = ", ".join(f"{name} = {value:d}" for name, value in self.options.items())
        kind = "UNIQUE INDEX" if self.unique else "INDEX"
        return f"CREATE {kind} {concurrently}{self.name} ON {on_table} USING {self.using} ({self.on})" + (
            f" WITH ({options})" if options else ""
        )


@Operations.register_operation("drop_built_index")
class DropBuiltIndex(MigrateOperation):
    """Drop an index that op.build_index built."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def drop_built_index(cls, operations: Operations, name: str) -> None:
        """Drop an index concurrently; one that a broken-off run dropped already is no error.

        Args:
            name: with its schema, unless that is on the search_path.
        """
        operations.invoke(cls(name))


@Operations.implementation_for(BuildIndex)
def build(operations: Operations, plan: BuildIndex) -> None:
    """Look what is there, and build unless it is the same."""
    with operations.get_context().autocommit_block():
        if operations.migration_context.as_sql:
            operations.execute(_drop_invalid(plan.place))
            operations.execute(_plain(plan.statement(plan.table, "CONCURRENTLY IF NOT EXISTS ")))
            return
        connection = operations.get_bind()
        with _patient(connection):
            found = connection.execute(_LOOK, {"name": plan.place}).first()
            if found and found.valid:
                _require_same(connection, plan, found.definition)
                log.info("%s stands already", plan.name)
                return
            if found:
                log.info("%s was left invalid by a run that was broken off; it is built anew", plan.name)
                operations.execute(f"DROP INDEX CONCURRENTLY {plan.place}")
            with _heard(connection, plan.name):
                operations.execute(_plain(plan.statement(plan.table, "CONCURRENTLY ")))


@Operations.implementation_for(DropBuiltIndex)
def drop(operations: Operations, plan: DropBuiltIndex) -> None:
    """Drop it wherever the last run stopped."""
    with operations.get_context().autocommit_block():
        if operations.migration_context.as_sql:
            operations.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {plan.name}")
            return
        with _patient(operations.get_bind()):
            operations.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {plan.name}")


_LOOK = sa.text("""
    SELECT i.indisvalid AS valid, pg_get_indexdef(i.indexrelid) AS definition
    FROM pg_index i WHERE i.indexrelid = to_regclass(:name)
""")

_SAME_TABLE = sa.text("""
    SELECT i.indrelid = to_regclass(:table) FROM pg_index i WHERE i.indexrelid = to_regclass(:name)
""")


def _require_same(connection: sa.Connection, plan: BuildIndex, found: str) -> None:
    """Raise OtherIndexError unless the server writes the wanted index as it writes the one that it has."""
    here = connection.scalar(_SAME_TABLE, {"name": plan.place, "table": plan.table})
    if not here or _told(found) != _told(_in_the_servers_words(connection, plan)):
        raise OtherIndexError(
            f"An index {plan.name} is there and is another one ({found}); the revision wants "
            f"{plan.statement(plan.table, '')}. Rename or drop the one that is there and run the command again; "
            "nothing was changed."
        )


def _in_the_servers_words(connection: sa.Connection, plan: BuildIndex) -> str:
    """Build the index on an empty copy of the table, which nobody else sees, and ask for its definition."""
    connection.execute(sa.text(f"CREATE TEMPORARY TABLE shape (LIKE {plan.table})"))
    connection.execute(_plain(plan.statement("pg_temp.shape", "")))
    words = connection.scalar(sa.text("SELECT pg_get_indexdef(to_regclass(:name))"), {"name": f"pg_temp.{plan.name}"})
    connection.execute(sa.text("DROP TABLE pg_temp.shape"))
    return str(words)


def _plain(statement: str) -> sa.TextClause:
    """Return the statement as it stands: a colon in it begins no parameter."""
    return sa.text(statement.replace(":", "\\:"))


def _told(definition: str) -> tuple[str, ...]:
    """Return the definition without the names of index and table."""
    return re.fullmatch(r"(CREATE (?:UNIQUE )?INDEX) .*? ON .*? (USING .*)", definition).groups()  # type: ignore[union-attr]


@contextlib.contextmanager
def _patient(connection: sa.Connection) -> Iterator[None]:
    """Let the statements wait longer for older transactions than env.py allows."""
    set_to = sa.text("SELECT set_config('lock_timeout', :value, false)")
    usual = connection.scalar(sa.text("SHOW lock_timeout"))
    connection.execute(set_to, {"value": PATIENCE})
    try:
        yield
    finally:
        with contextlib.suppress(sa.exc.DBAPIError):  # over a lost connection there is nothing to set back
            connection.execute(set_to, {"value": usual})


@contextlib.contextmanager
def _heard(connection: sa.Connection, name: str) -> Iterator[None]:
    """Pass on what the server remarks; the driver keeps it to itself, and it may say that the index will be bad."""

    def tell(notice: psycopg.errors.Diagnostic) -> None:
        log.warning("%s", ": ".join(filter(None, (name, notice.message_primary, notice.message_detail))))

    driver: psycopg.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    driver.add_notice_handler(tell)
    try:
        yield
    finally:
        driver.remove_notice_handler(tell)


def _drop_invalid(name: str) -> sa.TextClause:
    """For a script: DROP INDEX CONCURRENTLY knows no condition, so an invalid leftover goes by a short plain drop."""
    leftover = "SELECT FROM pg_index WHERE NOT indisvalid AND indexrelid = to_regclass('{name}')"
    return sa.text(f"DO $$ BEGIN IF EXISTS ({leftover.format(name=name)}) THEN DROP INDEX {name}; END IF; END $$")
