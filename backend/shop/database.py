"""The connection to PostgreSQL, and plain words for what can go wrong with it."""

from __future__ import annotations

from typing import Any

import psycopg
import sqlalchemy as sa

from shop.errors import ExplainedError
from shop.settings import Settings, load

OLDEST_SERVER = 160000  # pg_input_is_valid(), which the seeds rely on, came with PostgreSQL 16


class DatabaseError(ExplainedError):
    """The database cannot be used as it is."""


def engine(url: sa.URL | None = None, **options: Any) -> sa.Engine:
    """Return an engine for the address, or for the address in the settings.

    The engine keeps no idle connections: a forgotten one would block the next migration's DDL, and would break
    when the workshop swaps a database for a copy.
    """
    connect_args = {
        "connect_timeout": 10,  # seconds
        "application_name": "agenticshop",
        # A prepared statement outlives the table it was planned for: "cached plan must not change result type".
        "prepare_threshold": None,
        **options.pop("connect_args", {}),
    }
    return sa.create_engine(
        url or load().database_url, poolclass=sa.pool.NullPool, connect_args=connect_args, **options
    )


def connect(settings: Settings | None = None, **options: Any) -> sa.Connection:
    """Connect, or say why not.

    Raises:
        DatabaseError: with the cause and the way out; the password never appears in it.
    """
    url = (settings or load()).database_url
    try:
        connection = engine(url, **options).connect()
    except sa.exc.OperationalError as error:
        raise DatabaseError(explain(error, url)) from error
    require_supported(connection)
    return connection


def require_supported(connection: sa.Connection) -> None:
    """Raise DatabaseError when the server is older than the revisions need."""
    raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    if raw.info.server_version < OLDEST_SERVER:
        found, needed = raw.info.server_version // 10000, OLDEST_SERVER // 10000
        connection.close()
        raise DatabaseError(
            f"This server is PostgreSQL {found}, and the shop needs {needed} or newer: "
            "use a newer server, or `workshop start` for one of your own."
        )


def explains(error: sa.exc.DBAPIError) -> bool:
    """Tell whether explain() knows more than the driver's own words."""
    said = str(error.orig)
    return getattr(error.orig, "sqlstate", None) in _STATES or (
        isinstance(error, sa.exc.OperationalError) and any(words in said for words, _ in _CAUSES)
    )


def explain(error: sa.exc.DBAPIError, url: sa.URL) -> str:
    """Turn a failure of the driver into one sentence with the cause and the way out."""
    # What the server hints at follows as a sentence of its own; where in a function it happened helps nobody here.
    said = str(error.orig).partition("\nCONTEXT:")[0].strip().replace("\nHINT:  ", ". ").rstrip(".")
    where = f"{url.host or 'localhost'}:{url.port or 5432}"
    for words, sentence in _CAUSES:
        # Others say "does not exist" of a table.
        if words in said and isinstance(error, sa.exc.OperationalError):
            return sentence.format(where=where, user=url.username, database=url.database)
    state = getattr(error.orig, "sqlstate", None)
    if state in _STATES:
        return _STATES[state].format(where=where, user=url.username, database=url.database, said=said)
    return f"The database at {where} said: {said.splitlines()[0] if said else type(error.orig).__name__}"


_ENDED = (
    "The server at {where} ended the connection. If it is PostgreSQL, it was stopped or restarted: run "
    "`workshop start` and try again; nothing of the interrupted revision was kept. If it is something else, "
    "correct DATABASE_URL."
)

# What libpq and the server say -> what the reader needs to know. The first match wins.
_CAUSES = (
    (
        "Connection refused",
        "Connection refused: no PostgreSQL listens at {where}. If it is the workshop's own server, run "
        "`workshop start`; if it is yours, start it, or correct DATABASE_URL.",
    ),
    (
        "password authentication failed",
        'The server at {where} does not accept this password for the user "{user}": correct DATABASE_URL '
        "(or run `workshop start`, which writes the address of the workshop's own server).",
    ),
    (
        "no password supplied",
        'The server at {where} asks for a password for "{user}", and DATABASE_URL holds none: '
        "write it as postgresql://user:password@host:port/database.",
    ),
    (
        "does not exist",
        'The server at {where} has no database "{database}" (or no user "{user}"): create it, for example with '
        "`createdb {database}`, or correct DATABASE_URL.",
    ),
    (
        "failed to resolve host",
        "No machine is known by the name in {where}: check the host in DATABASE_URL.",
    ),
    (
        "timeout expired",
        "Nothing answered at {where} within 10 seconds: check host, port and firewall in DATABASE_URL.",
    ),
    (
        "invalid response",
        "What answers at {where} is not PostgreSQL: check the port in DATABASE_URL.",
    ),
    (
        "not currently accepting connections",
        'The database "{database}" at {where} takes no connections, as a checkpoint does: use another one.',
    ),
    (
        "too many clients",
        "The server at {where} has no connection left: close notebooks or programs that hold one.",
    ),
    (
        "too many connections for",
        'The user "{user}" or the database "{database}" at {where} has as many connections as it may: close notebooks '
        "or programs that hold one.",
    ),
    (
        "permission denied for database",
        'The user "{user}" may not connect to the database "{database}" at {where}: correct DATABASE_URL, or have its '
        "owner run GRANT CONNECT.",
    ),
    ("server closed the connection", _ENDED),
    ("connection is lost", _ENDED),
    (
        "connection failed",
        "No PostgreSQL could be reached at {where}: check host and port in DATABASE_URL, or run `workshop start`.",
    ),
)

_STATES = {
    "0A000": "The server says: {said}. Nothing was changed.",
    "2BP01": "Something of somebody's own uses what was to be dropped ({said}): move or drop it, and run the command "
    "again; nothing was changed.",
    "23505": "A row of the revision collides with one that is there ({said}): move or delete that row and run "
    "the command again; the revision was rolled back.",
    "23503": "A row would point to one that is not there ({said}): add that one or mend the row, then run the command "
    "again; nothing was changed.",
    "23502": "A column was to take no null, and rows that are there hold one ({said}): fill them first, then run the "
    "command again; what the revision did in its transaction was rolled back.",
    "23514": "Rows that are there, or that the revision writes, break a rule ({said}): mend the rows or the rule, then "
    "run the command again; what the revision did in its transaction was rolled back.",
    "42501": 'The user "{user}" lacks a right in the database "{database}" ({said}): ask its owner for it, for '
    "example with GRANT CREATE ON SCHEMA public, or use a database of your own.",
    "55P03": "Another session holds a lock that this statement needs, and lock_timeout ended the wait: close idle "
    "transactions on {where} (pg_stat_activity shows them) and run the command again; nothing was changed.",
    "57014": "The statement was cancelled, by Ctrl-C or by statement_timeout; the revision that ran was rolled "
    "back, and the same command starts it again.",
    "57P01": "The server at {where} was stopped while the statement ran; start it and run the command again. "
    "Nothing of the interrupted revision was kept.",
    "53100": "The disk of the server at {where} is full ({said}): free some space and run the command again; "
    "the revision that ran was rolled back.",
}
