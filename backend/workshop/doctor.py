"""`workshop doctor`: everything the workshop needs, a line each, with the mend. It starts and changes nothing."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from packaging.requirements import Requirement

from shop import ai, database, settings
from shop.ai import weights
from shop.settings import ROOT, Settings
from workshop.server import EmbeddedServer, place, runtime

OLDEST_PYTHON = (3, 11)
OLDEST = {"vector": (0, 8), "age": (1, 6)}
WILL_NOT = {
    "vector": "0006_embed_catalog and the AI steps after it will not work",
    "age": "0013_build_graph and 0014_index_graph will not work",
}


@dataclass(frozen=True)
class Line:
    """One finding: ok is True, False, or None for a warning; mend says what to do about it."""

    name: str
    ok: bool | None
    what: str
    mend: str = ""


def checks() -> list[Line]:
    """Return all findings; nothing that is wrong with the machine makes this raise."""
    return [line for look in (_python, _packages, _disk, _model, _database) for line in _safely(look)]


def _safely(look: Callable[[], Iterator[Line]]) -> list[Line]:
    name, found = look.__name__.strip("_"), []
    try:
        for line in look():
            found.append(line)
    except Exception as error:  # a doctor that fails tells nothing
        said = (str(error).splitlines() or [type(error).__name__])[0]
        found.append(Line(name, False, f"could not be looked at: {said}", "mend what this sentence names"))
    return found


def _python() -> Iterator[Line]:
    good = sys.version_info[:2] >= OLDEST_PYTHON
    wanted = ".".join(map(str, OLDEST_PYTHON))
    mend = "" if good else f"make the virtual environment anew with Python {wanted} or newer"
    yield Line("python", good, f"{platform.python_version()} ({sys.executable})", mend)


def _packages() -> Iterator[Line]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines())
    pins = [one for one in map(Requirement, filter(None, lines)) if one.marker is None or one.marker.evaluate()]
    wrong = [f"{pin.name} {have} instead of {pin.specifier}" for pin in pins if (have := _unlike(pin))]
    mend = "install backend/requirements.lock again" if wrong else ""
    yield Line("packages", not wrong, "; ".join(wrong) or f"all {len(pins)} as pinned", mend)


def _unlike(pin: Requirement) -> str | None:
    """Return the version that is installed when it is not the pinned one."""
    try:
        have = importlib.metadata.version(pin.name)
    except importlib.metadata.PackageNotFoundError:
        return "(missing)"
    return None if pin.specifier.contains(have, prereleases=True) else have


def _disk() -> Iterator[Line]:
    base = place.base()
    free, needed = place.free(base), place.LATER if runtime.existing(base) else place.FIRST_TIME
    mend = "" if free >= needed else f"free {needed - free} MB, or set WORKSHOP_HOME to a folder on another disk"
    yield Line("disk", free >= needed, f"{free:,} MB free for {base}, {needed} MB needed", mend)


def _model() -> Iterator[Line]:
    if ai.chosen() != "local":
        yield Line("model", None, f"AI_PROVIDER is {ai.chosen()}: the database asks its own", "not looked at here")
        return
    try:
        yield Line("model", True, f"{weights.MODEL} in {weights.require().parent}")
    except ai.ModelError as error:
        yield Line("model", None, f"{error} 0006_embed_catalog and the AI steps after it need it", "make weights")


def _database() -> Iterator[Line]:
    try:
        read = settings.load()
    except settings.SettingsError as error:
        missing = "is not set" in str(error)
        yield Line("server", None if missing else False, str(error), "workshop start" if missing else "correct it")
        return
    if read.embedded:
        server = EmbeddedServer()
        up = server.running()
        yield _port(server, up)
        if not up:
            yield Line("server", False, "the workshop's own, and it is down", "workshop start")
            return
    yield from _server(read)


def _port(server: EmbeddedServer, up: bool) -> Line:
    if server.port is None:
        return Line("port", None, "none yet", "workshop start")
    if up or server.port_is_free():
        return Line("port", True, f"{server.port}" + ("" if up else ", free"))
    return Line("port", None, f"{server.port} is taken by another program", "workshop start, which takes another port")


def _server(read: Settings) -> Iterator[Line]:
    whose = "the workshop's own" if read.embedded else "somebody else's: never started, stopped or written by us"
    mend = "workshop start" if read.embedded else "correct DATABASE_URL, or start that server"
    url = read.database_url
    try:
        connection = database.engine(url, connect_args={"connect_timeout": 5}).connect()
    except sa.exc.DBAPIError as error:
        yield Line("server", False, f"{database.explain(error, url)} ({whose})", mend)
        return
    with connection:
        version = str(connection.scalar(sa.text("SHOW server_version")))
        new_enough = int(str(connection.scalar(sa.text("SHOW server_version_num")))) >= database.OLDEST_SERVER
        where = f"{url.host or 'localhost'}:{url.port or 5432}"
        yield Line(
            "server",
            new_enough,
            f"PostgreSQL {version} at {where}, database {url.database} ({whose})",
            "" if new_enough else f"PostgreSQL {database.OLDEST_SERVER // 10000} or newer is needed: `workshop start`",
        )
        yield from _rights(connection)
        yield from _extensions(connection, read.embedded)
        if not read.embedded:
            yield from _log(connection)


def _rights(connection: sa.Connection) -> Iterator[Line]:
    superuser, databases, tables, name = connection.execute(
        sa.text(
            "SELECT rolsuper, rolsuper OR rolcreatedb, has_schema_privilege('public', 'CREATE'), rolname "
            "FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    if superuser:
        yield Line("rights", True, f'"{name}" is a superuser')
        return
    yield Line(
        "rights",
        tables,
        f'"{name}" may {"" if tables else "not "}create tables here, is no superuser',
        "" if tables else "GRANT CREATE ON SCHEMA public, or a database of your own",
    )
    if not databases:
        yield Line("databases", None, "may not be created, so jumps take as long as an upgrade", "ALTER ROLE CREATEDB")


def _extensions(connection: sa.Connection, ours: bool) -> Iterator[Line]:
    asked = sa.text(
        "SELECT e.name, coalesce(e.installed_version, e.default_version), e.installed_version IS NOT NULL, "
        "r.rolsuper OR (v.trusted AND has_database_privilege(current_database(), 'CREATE')) "
        "FROM pg_available_extensions e JOIN pg_available_extension_versions v "
        "ON v.name = e.name AND v.version = coalesce(e.installed_version, e.default_version) "
        "JOIN pg_roles r ON r.rolname = current_user WHERE e.name = ANY(:names)"
    )
    found = {row[0]: tuple(row)[1:] for row in connection.execute(asked, {"names": list(OLDEST)})}
    for name, oldest in OLDEST.items():
        version, installed, mine_to_make = found.get(name, (None, False, False))
        line = _extension(name, oldest, version, bool(installed or mine_to_make), ours)
        yield (_age(connection, line, installed) if name == "age" and line.ok else line)


def _age(connection: sa.Connection, line: Line, installed: bool) -> Line:
    """Say what an administrator has to do for a user who is none: a right, and a setting of the server."""
    if not installed:
        return line
    usage = "SELECT has_schema_privilege('ag_catalog', 'USAGE'), current_user"
    allowed, name = connection.execute(sa.text(usage)).one()
    if not allowed:
        mend = f'an administrator runs GRANT USAGE ON SCHEMA ag_catalog TO "{name}"'
        return Line(line.name, None, f'{line.what}, and its schema is closed to "{name}": {WILL_NOT["age"]}', mend)
    # The setting is hidden from an ordinary user, but a library that is loaded has settings of its own.
    if not connection.scalar(sa.text("SELECT count(*) FROM pg_settings WHERE name LIKE 'age.%'")):
        mend = "an administrator sets shared_preload_libraries = 'age' and restarts the server"
        what = f"{line.what}, not preloaded: the steps and %%cypher work, in other programs cypher() does not"
        return Line(line.name, None, what, mend)
    return line


def _extension(name: str, oldest: tuple[int, int], version: str | None, usable: bool, ours: bool) -> Line:
    label, wanted, will_not = f"extension {name}", ".".join(map(str, oldest)), WILL_NOT[name]
    if version is None:
        graph = EmbeddedServer().graph_missing if ours and name == "age" else None
        return Line(label, None, f"missing: {will_not}", graph or "install it on the server, or use the Dev Container")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < oldest:
        return Line(label, None, f"{version}, and {wanted} or newer is needed: {will_not}", "upgrade it on the server")
    if not usable:
        mend = f"an administrator runs CREATE EXTENSION {name}" + (
            ", preloads age, and grants USAGE ON SCHEMA ag_catalog" if name == "age" else ""
        )
        return Line(label, None, f"{version}, not created in this database, and only an administrator may", mend)
    return Line(label, True, version)


def _log(connection: sa.Connection) -> Iterator[Line]:
    length, statements, duration = connection.execute(
        sa.text(
            "SELECT current_setting('log_parameter_max_length'), current_setting('log_statement'), "
            "current_setting('log_min_duration_statement')"
        )
    ).one()
    if length != "0":
        logged = statements in ("mod", "all") or duration != "-1"
        when = (
            "statements are logged, so keys in their values are, too"
            if logged
            else "harmless until log_statement is on"
        )
        yield Line("log", None, f"log_parameter_max_length is {length}: {when}", "set it to 0 (an administrator)")
