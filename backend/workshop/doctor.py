"""`workshop doctor`: everything the workshop needs, a line each, with the mend. It starts and changes nothing."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from shop import database, settings
from shop.errors import ExplainedError
from shop.settings import ROOT
from workshop.server import EmbeddedServer, places, runtime

OLDEST_PYTHON = (3, 11)
OLDEST_VECTOR = (0, 8)
OLDEST_AGE = (1, 6)
NEEDED_MB = 600
GRAPH_STEPS = "0013_build_graph and 0014_index_graph"
VECTOR_STEPS = "0006_embed_catalog and the steps after it"


@dataclass(frozen=True)
class Line:
    """One finding: ok is True, False, or None for something worth knowing; mend says what to do."""

    name: str
    ok: bool | None
    what: str
    mend: str = ""


def checks() -> list[Line]:
    """Return all findings; nothing that is wrong with the machine makes this raise."""
    lines: list[Line] = []
    for look in (_python, _packages, _disk):
        lines += _safely(look)
    lines += _safely(_server)
    return lines


def _safely(look: Callable[[], Iterator[Line]]) -> list[Line]:
    try:
        return list(look())
    except (ExplainedError, OSError, sa.exc.SQLAlchemyError) as error:
        return [Line(look.__name__.strip("_"), False, str(error).splitlines()[0], "See the sentence itself.")]


def _python() -> Iterator[Line]:
    wanted = ".".join(map(str, OLDEST_PYTHON))
    yield Line(
        "python",
        sys.version_info[:2] >= OLDEST_PYTHON,
        f"{platform.python_version()} ({sys.executable})",
        f"Python {wanted} or newer is needed: make clean, then make PYTHON=python{wanted} setup",
    )


def _packages() -> Iterator[Line]:
    pins = re.findall(r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    wrong = []
    for name, wanted in pins:
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found != wanted and not (found == "missing" and name == "lief" and sys.platform != "linux"):
            wrong.append(f"{name} {found} instead of {wanted}")
    yield Line("packages", not wrong, "; ".join(wrong) or f"all {len(pins)} as pinned", "make clean, then make setup")


def _disk() -> Iterator[Line]:
    folder = next(one for one in (places.base(), *places.base().parents) if one.exists())
    free = shutil.disk_usage(folder).free // 2**20
    yield Line(
        "disk",
        free >= NEEDED_MB,
        f"{free:,} MB free under {folder}",
        f"{NEEDED_MB} MB are needed: free some, or set WORKSHOP_HOME to a folder on another disk",
    )


def _server() -> Iterator[Line]:
    try:
        read = settings.load()
    except settings.SettingsError:
        yield Line("server", None, "none yet: DATABASE_URL is not set", "workshop start")
        return
    server = EmbeddedServer()
    whose = "the workshop's own" if read.embedded else "not the workshop's own: it is never started or stopped"
    if read.embedded:
        yield Line("port", None if server.port is None else True, f"127.0.0.1:{server.port}", "workshop start")
    try:
        connection = database.connect(read)
    except ExplainedError as error:
        yield Line("server", False, f"{error} ({whose})", "workshop start" if read.embedded else "correct DATABASE_URL")
        return
    with connection:
        version = connection.scalar(sa.text("SHOW server_version"))
        yield Line("server", True, f"PostgreSQL {version} at {read.database_url.render_as_string()} ({whose})")
        yield from _rights(connection)
        yield from _extensions(connection)
        yield from _log(connection, read.embedded)


def _rights(connection: sa.Connection) -> Iterator[Line]:
    row = connection.execute(
        sa.text(
            "SELECT rolsuper, rolsuper OR rolcreatedb, has_schema_privilege('public', 'CREATE'), rolname "
            "FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    superuser, databases, tables, name = row
    yield Line(
        "rights",
        True if superuser else (None if tables else False),
        f'"{name}" is a superuser' if superuser else f'"{name}" may {"" if tables else "not "}create tables here',
        "An administrator must have created the extensions vector and age, preloaded age, and granted USAGE ON SCHEMA "
        "ag_catalog" if tables else "GRANT CREATE ON SCHEMA public, or a database of your own",
    )  # fmt: skip
    if not databases:
        yield Line("databases", None, "may not be created: jumps take as long as an upgrade", "ALTER ROLE ... CREATEDB")


def _extensions(connection: sa.Connection) -> Iterator[Line]:
    available = sa.text("SELECT name, coalesce(installed_version, default_version) FROM pg_available_extensions")
    found = {row[0]: row[1] for row in connection.execute(available)}
    for name, oldest, needed_by in (("vector", OLDEST_VECTOR, VECTOR_STEPS), ("age", OLDEST_AGE, GRAPH_STEPS)):
        have = found.get(name)
        good = have is not None and tuple(map(int, have.split(".")[:2])) >= oldest
        wanted = ".".join(map(str, oldest))
        mend = (runtime.graph_missing() if name == "age" else None) or (
            f"{needed_by} will not work here: install the extension on the server, or use the Dev Container"
        )
        # Without age everything up to 0012 works, so it is worth knowing and no failure.
        yield Line(
            f"extension {name}",
            good or (None if name == "age" else False),
            have or f"missing ({wanted} or newer is needed)",
            mend,
        )
    if "azure_ai" in found:
        yield Line("extension azure_ai", True, found["azure_ai"])


def _log(connection: sa.Connection, embedded: bool) -> Iterator[Line]:
    length = connection.scalar(sa.text("SHOW log_parameter_max_length"))
    if length != "0" and not embedded:
        yield Line(
            "log",
            None,
            f"log_parameter_max_length is {length}: with log_statement = all, bound values such as keys reach the log",
            "ALTER SYSTEM SET log_parameter_max_length = 0, or ask the administrator",
        )
