"""A room of learners on one server: a role and a database for each, made and removed by the administrator.

A learner owns one database and nothing else, may connect to no other learner's, and may create none. So a jump takes
as long as an upgrade, and there are no checkpoints in a room. The extensions are the administrator's, made beforehand:
a downgrade leaves them where they are.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import checkpoints, steps

PREFIX = "workshop_room_"  # of the role and of the database, which have one name
NOTE = "A learner's, made by `workshop room add`"  # on the role: what carries it is ours to remove
EXTENSIONS = ("vector", "age")
SESSIONS = 20  # of one learner: notebooks, a terminal, the shop; a forgotten loop must not lock out the room


class RoomError(ExplainedError):
    """The room cannot be changed as it was asked."""


@dataclass(frozen=True)
class Seat:
    """What a learner has: the address with the password, and the extensions that could not be made, with the reason."""

    name: str
    url: sa.URL
    missing: dict[str, str]


@dataclass(frozen=True)
class Learner:
    """One line of the list: where a learner's database is, and how many sessions use it."""

    name: str
    revision: str
    sessions: int
    megabytes: int


def add(settings: Settings, name: str, host: str | None = None, port: int | None = None) -> Seat:
    """Make a learner's role, with a new random password, and database.

    Args:
        settings: the administrator's address.
        name: of the learner: small letters and digits.
        host, port: how the learner's machine reaches the server, where that differs from the administrator's address.

    Raises:
        RoomError: the name will not do or is taken, or this user is no administrator.
    """
    place, password = _place(settings, name), secrets.token_hex(16)
    with _administrator(settings) as connection:
        if _roles(connection, place) or _databases(connection, place):
            raise RoomError(f'There is a learner "{name}" already: `workshop room list` shows them all.')
        _make_role(connection, place, password)
        try:
            _make_database(connection, place)
        except BaseException:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(place)))
            raise
    missing = _make_extensions(settings, place)
    url = settings.database_url.set(
        drivername="postgresql", username=place, password=password, database=place,
        host=host or settings.database_url.host, port=port or settings.database_url.port,
    )  # fmt: skip
    return Seat(name, url, missing)


def reset(settings: Settings, name: str, force: bool = False) -> dict[str, str]:
    """Empty a learner's database; role and password stay. Returns the extensions that could not be made.

    Raises:
        RoomError: there is no such learner, or sessions use the database and force is False.
    """
    place = _place(settings, name)
    with _administrator(settings) as connection:
        _drop_database(connection, place, name, force)
        _make_database(connection, place)
    return _make_extensions(settings, place)


def remove(settings: Settings, name: str, force: bool = False) -> None:
    """Remove a learner's database and role; what is in it is gone.

    Raises:
        RoomError: there is no such learner, or sessions use the database and force is False.
    """
    place = _place(settings, name)
    with _administrator(settings) as connection:
        _drop_database(connection, place, name, force)
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(place)))


def learners(settings: Settings) -> list[Learner]:
    """Return the learners of the room, by name."""
    with _administrator(settings) as connection:
        rows = connection.execute(_LEARNERS, {"pattern": f"{PREFIX}%", "note": NOTE}).fetchall()
    return [
        Learner(place.removeprefix(PREFIX), _revision(settings, place) if there else "no database", sessions, size)
        for place, there, sessions, size in rows
    ]


_LEARNERS = """
    SELECT r.rolname, d.datname IS NOT NULL,
           (SELECT count(*) FROM pg_stat_activity a WHERE a.usename = r.rolname OR a.datname = r.rolname),
           coalesce(pg_database_size(d.datname) / 1000000, 0)
    FROM pg_roles r LEFT JOIN pg_database d ON d.datname = r.rolname
    WHERE r.rolname LIKE %(pattern)s AND shobj_description(r.oid, 'pg_authid') = %(note)s
    ORDER BY r.rolname
"""


def _place(settings: Settings, name: str) -> str:
    """Return the name of a learner's role and database."""
    # No underscore: workshop_room_ada_kept_1 would read as something that was kept of ada's.
    if not re.fullmatch(r"[a-z][a-z0-9]{0,29}", name):
        raise RoomError(
            f'"{name}" will not do as a learner\'s name: begin with a small letter, go on with small letters and '
            "digits, at most 30 in all, as in ada or table7."
        )
    return PREFIX + name


def _revision(settings: Settings, place: str) -> str:
    try:
        return steps.current(replace(settings, database_url=settings.database_url.set(database=place)))
    except database.DatabaseError as error:
        return f"? ({error})"


# -- the statements; names are quoted by psycopg ---------------------------------------------------------------------


@contextmanager
def _administrator(settings: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Connect to the server's `postgres` database; what the server refuses becomes a sentence.

    Raises:
        RoomError: this user may not create roles and databases, or the server refuses something else.
    """
    with checkpoints.maintenance(settings) as connection:
        raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        rights = "SELECT rolsuper OR (rolcreaterole AND rolcreatedb) FROM pg_roles WHERE rolname = current_user"
        if raw.execute(rights).fetchone() != (True,):
            raise RoomError(
                f'"{settings.database_url.username}" may not create roles and databases: put the address of an '
                "administrator into DATABASE_URL for this command."
            )
        try:
            yield raw
        except psycopg.Error as error:
            raise RoomError(f"The server says: {str(error).splitlines()[0]}.") from error


def _make_role(connection: psycopg.Connection[Any], place: str, password: str) -> None:
    # The server gets the password as it will store it: in plain text it would stand in a log of statements.
    stored = connection.pgconn.encrypt_password(password.encode(), place.encode(), b"scram-sha-256").decode()
    role = sql.Identifier(place)
    with connection.transaction():
        connection.execute(
            sql.SQL("CREATE ROLE {} LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT {} PASSWORD {}").format(
                role, sql.Literal(SESSIONS), sql.Literal(stored)
            )
        )
        connection.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(role, sql.Literal(NOTE)))
        if connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() != (True,):
            # Who is no superuser gives a database only to a role that is also his.
            connection.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(role))


def _make_database(connection: psycopg.Connection[Any], place: str) -> None:
    role = sql.Identifier(place)
    connection.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0").format(role, role))
    # By default everybody may connect, and look at least at the names of the tables.
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(role))


def _make_extensions(settings: Settings, place: str) -> dict[str, str]:
    """Make the extensions in a learner's database; return those that could not be made, each with the reason."""
    missing = {}
    there = replace(settings, database_url=settings.database_url.set(database=place))
    with database.connect(there, isolation_level="AUTOCOMMIT") as connection:
        raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        for name in EXTENSIONS:
            try:
                raw.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(name)))
            except psycopg.Error as error:
                missing[name] = str(error).splitlines()[0]
        if "age" not in missing:
            raw.execute(sql.SQL("GRANT USAGE ON SCHEMA ag_catalog TO {}").format(sql.Identifier(place)))
    return missing


def _drop_database(connection: psycopg.Connection[Any], place: str, name: str, force: bool) -> None:
    if not _roles(connection, place):
        raise RoomError(f'There is no learner "{name}" in the room: `workshop room list` shows who is.')
    counted = "SELECT count(*) FROM pg_stat_activity WHERE usename = %(place)s OR datname = %(place)s"
    (sessions,) = connection.execute(counted, {"place": place}).fetchone() or (0,)
    if sessions and not force:
        raise RoomError(
            f"{sessions} session(s) of {name} are open, and their work would be lost: have the notebooks closed, or "
            "add --force."
        )
    ended = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %(place)s"
    connection.execute(ended, {"place": place})
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(place)))


def _roles(connection: psycopg.Connection[Any], place: str) -> bool:
    """Tell whether the role is there and was made by us.

    Raises:
        RoomError: it is there, and somebody else made it.
    """
    found = connection.execute(
        "SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = %s", [place]
    ).fetchone()
    if found and found[0] != NOTE:
        raise RoomError(f"The role {place} was not made by `workshop room add`, so it is left alone.")
    return bool(found)


def _databases(connection: psycopg.Connection[Any], place: str) -> bool:
    return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [place]).fetchone())
