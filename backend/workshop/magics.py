"""%sql and %%sql: ipython-sql, made strict. (%%cypher is in workshop.cypher.)

ipython-sql parses the cell, runs the statements and holds the rows. What is different here:

- The connection needs no address. It is the workshop's database, and it is made anew by itself after the server was
  restarted, after the database was swapped by a jump, and when the address in the settings changed.
  `%sql postgresql://user:password@host/database` goes elsewhere, and the cells after it stay there;
  `%sql` alone comes back.
- A cell is one transaction. A statement that fails fails the cell with the server's message, and nothing of the cell
  is kept; no transaction is left open, so that no lock stands in the way of a migration. ROLLBACK as the last
  statement undoes a cell. A statement that refuses to run inside a transaction (VACUUM, CREATE DATABASE, CREATE INDEX
  CONCURRENTLY) runs without one, when it is alone in its cell.
- Rows come back as a pandas DataFrame, those of the last statement that has any; `name << SELECT ...` keeps them under
  a name.
- The text is SQL and nothing else: IPython's `$name` and `{name}` are not replaced, and ipython-sql's options
  (`--persist`, `-x`) are not read, because SQL is full of `$$`, `'{}'`, `--` and `->>`. A Python value enters as a bind
  parameter, `:name`; inside quotes and comments a colon is only a colon.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import psycopg
import sql.connection
import sql.parse
import sql.run
import sqlalchemy as sa
import sqlparse
from IPython.core.magic import cell_magic, line_magic, magics_class, needs_local_scope, no_var_expand
from sql.magic import SqlMagic

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings, SettingsError, postgresql_url
from workshop import tables

WIDTH = 100  # characters of a text column that a table shows
NOT_IN_A_TRANSACTION = {"25001", "2D000"}  # the server's codes for "cannot run inside a transaction block"

OPTIONS = {word for action in SqlMagic.execute.parser._actions for word in action.option_strings}


class QueryError(ExplainedError):
    """A statement failed, or there is no connection. The text is the server's message, with the place it points to."""


class WorkshopConnection(sql.connection.Connection):  # type: ignore[misc]
    """ipython-sql's connection on the shop's engine; it becomes the current one, and the only one.

    address: the settings' address when it was made. typed: True when the learner typed another one.
    """

    def __init__(self, address: sa.URL, typed: sa.URL | None = None) -> None:
        self.url = typed or address
        self.address, self.typed = address, typed is not None
        try:
            self.internal_connection = database.connect(Settings(self.url, embedded=False))
        except database.DatabaseError as error:
            back = " `%sql` alone goes back to the workshop's database." if self.typed else ""
            raise QueryError(_named(str(error), self.typed) + back) from None
        self.dialect = self.url.get_dialect()
        self.name = self.assign_name(self.internal_connection.engine)
        self.last_status = ""
        sa.event.listen(self.internal_connection, "after_cursor_execute", self._note)
        sql.connection.Connection.connections = {repr(self.url): self}
        sql.connection.Connection.current = self

    def _note(self, _connection: sa.Connection, cursor: Any, *_: Any) -> None:
        self.last_status = cursor.statusmessage or ""

    @property
    def raw(self) -> Any:
        """The driver's own connection."""
        return self.internal_connection.connection.driver_connection

    def alive(self) -> bool:
        try:
            self.internal_connection.exec_driver_sql("SELECT 1")
            self.internal_connection.rollback()
        except sa.exc.SQLAlchemyError:
            return False
        return True

    def abandon(self) -> None:
        """End the transaction; a connection that cannot even do that is dropped."""
        try:
            self.internal_connection.rollback()
        except sa.exc.SQLAlchemyError:
            self.internal_connection.invalidate()

    @contextlib.contextmanager
    def without_transaction(self) -> Iterator[None]:
        self.raw.autocommit = True
        try:
            yield
        finally:
            with contextlib.suppress(sa.exc.SQLAlchemyError, psycopg.Error):
                self.abandon()
                self.raw.autocommit = False


def connected(typed: sa.URL | None = None, home: bool = False) -> WorkshopConnection:
    """Return a connection that works: to a typed address, else where the last cell was, else to the workshop's.

    Args:
        home: go to the workshop's database, wherever the last cell was.

    Raises:
        QueryError: there is none, with the cause and the way out.
    """
    from workshop import server

    address = server.ensure().database_url
    present = sql.connection.Connection.current
    if not isinstance(present, WorkshopConnection):
        return WorkshopConnection(address, typed)
    if typed is None and not home and present.address == address:
        if present.alive():
            return present
        typed = present.url if present.typed else None
    fresh = WorkshopConnection(address, typed)  # if this fails, the next cell does not end up somewhere else
    with contextlib.suppress(sa.exc.SQLAlchemyError):
        present.internal_connection.close()
    return fresh


@magics_class
class StrictSql(SqlMagic):  # type: ignore[misc]
    """%sql and %%sql; see the module."""

    @needs_local_scope
    @no_var_expand
    @line_magic("sql")
    @cell_magic("sql")
    def execute(self, line: str = "", cell: str = "", local_ns: dict[str, Any] | None = None) -> pd.DataFrame | None:
        """Run SQL; return the rows of the last statement that has any.

        Raises:
            QueryError: a statement or the connection failed; nothing of the cell was kept.
            ServerError, SettingsError: there is no server, or no address.
        """
        first, _, _ = line.strip().partition(" ")
        if first in OPTIONS:
            raise QueryError(f"{first} is an option of ipython-sql; here, %sql reads SQL only.")
        parsed = sql.parse.parse(f"{line}\n{cell}", self)
        text, name = parsed["sql"].strip(), parsed["result_var"]
        if name and not name.isidentifier():
            raise QueryError(f'"{name}" cannot be the name of a variable: write  name << SELECT ...')
        connection = connected(_typed(parsed["connection"]), home=not text)
        statements = [one for one in sqlparse.split(text) if _bare(one)]
        if not statements:
            print("Nothing to run: the cell holds no statement." if text else f"Connected: {connection.name}")
            return None
        names = {**self.shell.user_ns, **(local_ns or {})}
        rows = self._transaction(connection, statements, names)
        if not name:
            return rows
        self.shell.user_ns[name] = rows
        return None

    def _transaction(
        self, connection: WorkshopConnection, statements: list[str], names: dict[str, Any]
    ) -> pd.DataFrame | None:
        """Run the statements as one transaction; one that refuses that runs again without, if it is alone."""
        try:
            rows = self._run(connection, statements, names)
            connection.internal_connection.commit()
        except sa.exc.StatementError as error:
            connection.abandon()
            if getattr(error.orig, "sqlstate", None) not in NOT_IN_A_TRANSACTION:
                raise QueryError(_explained(error, connection)) from None
            if len(statements) > 1:
                raise QueryError(
                    f"{error.orig}\nA cell is one transaction: give this statement a cell of its own."
                ) from None
        except BaseException:  # Ctrl-C, too, must leave no lock behind
            connection.abandon()
            raise
        else:
            return rows
        try:
            with connection.without_transaction():
                return self._run(connection, statements, names)
        except sa.exc.StatementError as error:
            raise QueryError(_explained(error, connection)) from None

    def _run(self, connection: WorkshopConnection, statements: list[str], names: dict[str, Any]) -> pd.DataFrame | None:
        """Let ipython-sql run one statement after the other, and say what those without rows did."""
        rows = None
        for statement in statements:
            _require_possible(_bare(statement))
            result = sql.run.run(connection, with_parameters(statement, names), self, names)
            if result.pretty is None:
                print(_said(connection.last_status))
            else:
                rows = pd.DataFrame([tuple(row) for row in result], columns=result.field_names)
        return rows


def load(ipython: Any) -> None:
    """Register the magics and widen the text columns of tables."""
    from workshop.cypher import Cypher

    pd.set_option("display.max_colwidth", WIDTH)
    magic = StrictSql(ipython)
    magic.autocommit = magic.feedback = False  # we commit at the end of the cell, and say more
    ipython.register_magics(magic)
    ipython.register_magics(Cypher)
    ipython.display_formatter.formatters["text/html"].for_type(pd.DataFrame, tables.frame)


# -- the text of a cell ------------------------------------------------------------------------------------------------

_COMMENT = r"--[^\n]*|/\*.*?\*/"
_QUOTED = r"""\b[Ee]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*\""""
_DOLLARS = r"(?<![\w$])\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$"
_PARAMETER = r"(?<![\w\])]):(?P<name>[A-Za-z_]\w*)"
_PIECES = re.compile(rf"(?P<comment>{_COMMENT})|{_QUOTED}|{_DOLLARS}|::|{_PARAMETER}|:", re.DOTALL)


def with_parameters(statement: str, names: Mapping[str, Any]) -> str:
    """Return the statement for SQLAlchemy's text(): every colon that begins no bind parameter gets a backslash.

    Raises:
        QueryError: there is no variable of a parameter's name.
    """

    def piece(found: re.Match[str]) -> str:
        name = found["name"]
        if name is None:
            return found[0].replace(":", "\\:")
        if name not in names:
            raise QueryError(
                f'There is no variable "{name}" in this notebook for :{name}. Run the cell that makes it, or put the '
                "colon into quotes if no variable is meant."
            )
        return found[0]

    return _PIECES.sub(piece, statement)


def _bare(statement: str) -> str:
    """Return the statement without comments, spaces and semicolons around it."""
    return _PIECES.sub(lambda found: " " if found["comment"] else found[0], statement).strip(" \t\r\n;")


def _require_possible(statement: str) -> None:
    """Refuse what ipython-sql cannot run, with the way out.

    Raises:
        QueryError: psql's backslash, BEGIN, COPY from or to the client.
    """
    if statement.startswith("\\"):
        raise QueryError(f"{statement.split(maxsplit=1)[0]} is a command of psql's, and a cell runs SQL only.")
    if re.match(r"(begin|start\s+transaction)\b", statement, re.IGNORECASE):
        raise QueryError(
            "A cell is one transaction already: leave the BEGIN out. It is committed at the end of the cell; "
            "let the cell end with ROLLBACK to undo it."
        )
    if re.match(r"copy\b.*\b(from\s+stdin|to\s+stdout)\b", statement, re.IGNORECASE | re.DOTALL):
        raise QueryError("COPY FROM STDIN and TO STDOUT need a program at the other end: use psql, or op.copy_csv.")


def _typed(address: str) -> sa.URL | None:
    """Return the address that the learner typed; it is not repeated in an error, since it may hold a password."""
    if not address:
        return None
    try:
        return postgresql_url(address)
    except SettingsError as error:
        raise QueryError(_named(str(error), typed=True)) from None


def _named(said: str, typed: bool) -> str:
    """Return what was said of DATABASE_URL as said of the address that the learner typed."""
    return said.replace("DATABASE_URL", "the address after %sql") if typed else said


def _said(status: str) -> str:
    """Turn the server's "INSERT 0 3" into "INSERT: 3 rows", and "CREATE TABLE" into "CREATE TABLE: done"."""
    words = re.match(r"([A-Z ]+?)((?: \d+)*)$", status)
    if not words or not words[2]:
        return f"{status or 'The statement'}: done"
    count = int(words[2].split()[-1])
    return f"{words[1]}: {count:,} {'row' if count == 1 else 'rows'}"


def _explained(error: sa.exc.StatementError, connection: WorkshopConnection) -> str:
    if isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated:
        return database.explain(error, connection.url)
    return str(error.orig or error).strip()
