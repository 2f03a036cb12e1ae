"""Databases that stand ready at a step, so that a jump takes as long as copying a small folder.

A checkpoint is a template database `workshop_at_<step>`. It is built once by a plain upgrade, refuses connections, and
carries in its comment the hash of everything it was made from; when a revision, its data or an operation changes, the
hash no longer fits and the checkpoint is built anew.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path

import sqlalchemy as sa

from shop import ai, database
from shop.settings import BACKEND, DATA, Settings
from workshop import xray
from workshop.chain import BASE, upto

PREFIX = "workshop_at_"


@contextmanager
def maintenance(settings: Settings) -> Iterator[sa.Connection]:
    """Connect to the server's `postgres` database, where databases themselves are made and dropped."""
    elsewhere = changed(settings, database_url=settings.database_url.set(database="postgres"))
    with database.connect(elsewhere, isolation_level="AUTOCOMMIT") as connection:
        yield connection


def possible(settings: Settings) -> bool:
    """Tell whether this user may create databases here; without that there are no checkpoints."""
    right = sa.text("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
    with database.connect(settings) as connection:
        return bool(connection.scalar(right))


def name_of(step: str) -> str:
    return PREFIX + step


def ensure(settings: Settings, step: str, upgrade: Callable[[Settings, str], None]) -> str:
    """Return the name of a checkpoint for the step ("base": an empty database), built if it is missing or stale."""
    name, made_from = name_of(step), inputs(step)
    with maintenance(settings) as connection:
        note = _notes(connection).get(name)
        if note and note["made_from"] == made_from:
            return name
        _drop(connection, name)
    building = f"{name}_building"
    with maintenance(settings) as connection:
        _drop(connection, building)
        _create(connection, building)
    place = changed(settings, database_url=settings.database_url.set(database=building))
    if step != BASE:
        upgrade(place, step)
    with database.connect(place) as connection:
        fingerprint = xray.snapshot(connection).fingerprint
    with maintenance(settings) as connection:
        _rename(connection, building, name)
        _describe(connection, name, json.dumps({"made_from": made_from, "fingerprint": fingerprint}))
        connection.exec_driver_sql(
            f"ALTER DATABASE {_quoted(connection, name)} IS_TEMPLATE true ALLOW_CONNECTIONS false"
        )
    return name


def fingerprints(settings: Settings) -> set[str]:
    """Return the fingerprints of all checkpoints: the states that a plain upgrade gives."""
    with maintenance(settings) as connection:
        return {note["fingerprint"] for note in _notes(connection).values()}


def replace(settings: Settings, source: str) -> None:
    """Replace the database by a copy of another one; its sessions are ended."""
    name = settings.database_url.database or ""
    with maintenance(settings) as connection:
        _drop(connection, name)
        _create(connection, name, source)


def rename(settings: Settings, name: str, note: str) -> None:
    """Rename the database, ending its sessions, and write a note on it."""
    with maintenance(settings) as connection:
        _rename(connection, settings.database_url.database or "", name)
        _describe(connection, name, note)


def inputs(step: str) -> str:
    """Return the hash of all that a database at this step is made from: revisions, operations, data."""
    files = [one.revision for one in upto(step)]
    files += sorted((BACKEND / "shop" / "operations").glob("*.py"))
    files += sorted((BACKEND / "shop" / "ai").glob("*.py"))
    files += sorted((BACKEND / "workshop" / "xray").glob("*.py"))  # they make the fingerprint that is noted
    files += [path for path in sorted(Path(os.environ.get("SHOP_DATA") or DATA).rglob("*")) if path.is_file()]
    digest = hashlib.sha256(ai.chosen().encode())  # another provider makes other vectors
    for path in files if step != BASE else []:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def drop(settings: Settings) -> None:
    """Drop the database; its sessions are ended."""
    with maintenance(settings) as connection:
        _drop(connection, settings.database_url.database or "")


def drop_all(settings: Settings) -> None:
    """Drop every checkpoint; they are built again when they are wanted."""
    with maintenance(settings) as connection:
        for name in _notes(connection):
            _drop(connection, name)


# -- the statements; a database's name cannot be a parameter, so it is quoted ------------------------------------


def _quoted(connection: sa.Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name).replace("%", "%%")


def _notes(connection: sa.Connection) -> dict[str, dict[str, str]]:
    rows = connection.execute(
        sa.text(
            "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database "
            "WHERE datistemplate AND starts_with(datname, :prefix)"
        ),
        {"prefix": PREFIX},
    )
    return {name: json.loads(note) for name, note in rows if note}


def _create(connection: sa.Connection, name: str, template: str = "template0") -> None:
    _end_sessions(connection, template)
    new, old = _quoted(connection, name), _quoted(connection, template)
    connection.exec_driver_sql(f"CREATE DATABASE {new} TEMPLATE {old}")


def _drop(connection: sa.Connection, name: str) -> None:
    quoted = _quoted(connection, name)
    if name in _notes(connection):  # PostgreSQL drops no template
        connection.exec_driver_sql(f"ALTER DATABASE {quoted} IS_TEMPLATE false")
    connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")


def _rename(connection: sa.Connection, old: str, new: str) -> None:
    _end_sessions(connection, old)
    connection.exec_driver_sql(f"ALTER DATABASE {_quoted(connection, old)} RENAME TO {_quoted(connection, new)}")


def _describe(connection: sa.Connection, name: str, note: str) -> None:
    text = sa.literal(note).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    connection.exec_driver_sql(f"COMMENT ON DATABASE {_quoted(connection, name)} IS {text}".replace("%%", "%"))


def _end_sessions(connection: sa.Connection, name: str) -> None:
    connection.execute(
        sa.text(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = :name AND pid <> pg_backend_pid()"
        ),
        {"name": name},
    )
