"""%sql and %%sql: ipython-sql, made strict.

ipython-sql prints an error and lets the cell succeed, so that a notebook walks on over a failed statement. Here a
failed statement or connection fails the cell, with one readable message, and leaves no transaction open. The
connection needs no address: it is the workshop's database, and it is made anew when the server was restarted or the
database was swapped by a jump. ipython-sql still parses the cell and runs the statements.

A difference to know: `{name}` and `$name` are not replaced by Python variables, because SQL is full of both. A value
enters as a bind parameter, `:name`.
"""

from __future__ import annotations

import contextlib
import io
from typing import Any

import pandas as pd
import sql.connection
import sqlalchemy as sa
from IPython.core.magic import cell_magic, line_magic, magics_class, needs_local_scope
from sql.magic import SqlMagic

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings, postgresql_url
from workshop import server

ALONE = ("vacuum", "create database", "drop database", "alter system", "create index concurrently",
         "create unique index concurrently", "drop index concurrently", "reindex")  # fmt: skip
WIDTH = 100  # characters of a text column shown in a table


class QueryError(ExplainedError):
    """A statement failed; the text is the server's own message, with the place it points to."""


class _Connection(sql.connection.Connection):  # type: ignore[misc]
    """ipython-sql's connection, on an engine of ours."""

    def __init__(self, settings: Settings, own: bool) -> None:
        self.url = settings.database_url
        self.own = own  # the workshop's database; False for an address that the learner typed
        self.dialect = self.url.get_dialect()
        self.name = f"{self.url.username}@{self.url.database}"
        self.connect_args: dict[str, Any] = {}
        self.internal_connection = database.connect(settings)
        sql.connection.Connection.connections = {repr(self.url): self}
        sql.connection.Connection.current = self

    def alive(self) -> bool:
        try:
            self.internal_connection.exec_driver_sql("SELECT 1")
            self.internal_connection.rollback()
        except sa.exc.SQLAlchemyError:
            return False
        return True


@magics_class
class StrictSql(SqlMagic):  # type: ignore[misc]
    """%sql and %%sql on the workshop's database."""

    @needs_local_scope
    @line_magic("sql")
    @cell_magic("sql")
    def execute(self, line: str = "", cell: str = "", local_ns: dict[str, Any] | None = None) -> Any:
        """Run SQL; the result of the last statement is a DataFrame. `name << SELECT ...` keeps it under a name.

        Raises:
            QueryError: a statement failed. DatabaseError: no connection.
        """
        first, _, rest = line.strip().partition(" ")
        if "://" in first:
            connection, line = _Connection(Settings(postgresql_url(first), embedded=False), own=False), rest
        else:
            connection = _current()
        statements = _without_trailing_comment(f"{line}\n{cell}")
        if not statements.strip():
            return None
        alone = statements.strip().lower().startswith(ALONE)
        raw = connection.internal_connection
        if alone:  # these refuse to run inside a transaction
            raw.execution_options(isolation_level="AUTOCOMMIT")
        try:
            return self._strictly(statements, {**self.shell.user_ns, **(local_ns or {})})
        finally:
            with contextlib.suppress(sa.exc.SQLAlchemyError):
                raw.rollback()
                if alone:
                    raw.execution_options(isolation_level="READ COMMITTED")

    def _strictly(self, statements: str, names: dict[str, Any]) -> Any:
        """Let ipython-sql run the statements; what it prints about a failure becomes an exception."""
        printed = io.StringIO()
        expand, self.shell.var_expand = self.shell.var_expand, lambda text, *_, **__: text
        try:
            with contextlib.redirect_stdout(printed):
                result = super().execute("", statements, names)
        except (sa.exc.DBAPIError, sa.exc.StatementError) as error:
            raise QueryError(_message(error)) from None
        finally:
            self.shell.var_expand = expand
        if isinstance(result, pd.DataFrame) and result.columns.empty:
            print(printed.getvalue().strip())
            return None
        return result


# IPython hangs the parser of a magic's options on its function; ours takes the same options.
StrictSql.execute.parser = SqlMagic.execute.parser


def load(ipython: Any) -> None:
    """Register the magics."""
    pd.set_option("display.max_colwidth", WIDTH)
    magic = StrictSql(ipython)
    magic.short_errors, magic.displaycon, magic.autopandas = False, False, True
    ipython.register_magics(magic)


def _current() -> _Connection:
    """Return a connection that works, to the workshop's database or to the address that was typed last."""
    present = sql.connection.Connection.current
    if isinstance(present, _Connection):
        settings = Settings(present.url, embedded=False)
        if present.own:
            settings = server.ensure()
        if present.url == settings.database_url and present.alive():
            return present
        with contextlib.suppress(sa.exc.SQLAlchemyError):
            present.internal_connection.close()
        return _Connection(settings, own=present.own)
    return _Connection(server.ensure(), own=True)


def _without_trailing_comment(text: str) -> str:
    """Drop comment lines at the end; after the last `;` they would count as an empty statement."""
    lines = text.rstrip().splitlines()
    while lines and (not lines[-1].strip() or lines[-1].lstrip().startswith("--")):
        lines.pop()
    return "\n".join(lines)


def _message(error: Exception) -> str:
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said.count("\n") > 20 else said
