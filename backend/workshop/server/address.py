"""Whose server an address belongs to, and keeping backend/.env true.

The mark WORKSHOP_SERVER=embedded beside an address says that the server behind it is ours. Without the mark it is
somebody else's: never started, never stopped, never written.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from dotenv import dotenv_values
from dotenv.parser import parse_stream

from shop import settings as shop_settings
from shop.settings import ENV_FILE, Settings
from workshop.server.cluster import EmbeddedServer
from workshop.server.errors import ServerError

MARK = "embedded"


def ensure(settings_env_file: Path = ENV_FILE, server: EmbeddedServer | None = None) -> Settings:
    """Return settings whose server answers, if it is ours; start it and write its address where that is needed.

    The name of the database in a marked address is kept. An address without the mark is returned as it is.

    Raises:
        ServerError: our server cannot be started, or the file cannot be written.
        SettingsError: the address that is set is none.
    """
    file = settings_env_file
    if not _address_in_environment() and not _read(file).get("DATABASE_URL"):
        ours = server or EmbeddedServer()
        ours.start()
        _write(file, ours.url())
        return shop_settings.load(env_file=file)
    found = shop_settings.load(env_file=file)
    if not found.embedded:
        return found
    ours = server or EmbeddedServer()
    ours.start()
    now, said = ours.url(), found.database_url
    true = said.set(username=now.username, password=now.password, host=now.host, port=now.port)
    if true == said:
        return found
    if not _address_in_environment():
        _write(file, true)
    return replace(found, database_url=true)


def stop_ours(settings_env_file: Path = ENV_FILE, server: EmbeddedServer | None = None, remove: bool = False) -> bool:
    """Stop our server; False when it was not running. With remove its data goes, too, whatever address is set.

    Raises:
        ServerError: the address that is set is somebody else's (and remove is not asked for), or ours does not stop.
    """
    # To stop "the server" where another one is meant is a misunderstanding; to remove what is this clone's own is none.
    if not remove and (_address_in_environment() or _read(settings_env_file).get("DATABASE_URL")):
        found = shop_settings.load(env_file=settings_env_file)
        if not found.embedded:
            where = f"{found.database_url.host or 'localhost'}:{found.database_url.port or 5432}"
            source = "the environment" if _address_in_environment() else f"the file {settings_env_file}"
            raise ServerError(
                f"The server at {where}, which DATABASE_URL in {source} names, is not the workshop's own, so it is not "
                "stopped: stop it the way it was started."
            )
    ours = server or EmbeddedServer()
    stopped = ours.stop()
    if remove:
        ours.remove()
    return stopped


def _address_in_environment() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


def _read(file: Path) -> dict[str, str | None]:
    try:
        return dotenv_values(file)
    except OSError as error:
        raise ServerError(f"{file} cannot be read: {error.strerror}. Give yourself the right to read it.") from error


def _write(file: Path, address: sa.URL) -> None:
    """Put the address and its mark into the file; every other line stays, and the file changes in one move."""
    # Without the driver's name psql and others understand it too.
    text = address.set(drivername="postgresql").render_as_string(hide_password=False)
    wanted = {"DATABASE_URL": text, "WORKSHOP_SERVER": MARK}
    try:
        # A link stays a link.
        target = file.resolve()
        old = target.read_text(encoding="utf-8") if target.exists() else ""
        handle, aside = tempfile.mkstemp(dir=target.parent, prefix=f"{target.name}.")  # 0600
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as out:
                out.write(_with(old, wanted))
            Path(aside).replace(target)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ServerError(f"{file} cannot be written: {error.strerror}. Mend that, then `workshop start`.") from error


def _with(text: str, wanted: dict[str, str]) -> str:
    """Return the text of a .env file with these values, each in the place of the old one or at the end."""
    left = dict(wanted)
    parts = []
    for binding in parse_stream(io.StringIO(text)):
        if binding.key not in wanted:
            parts.append(binding.original.string)
        elif binding.key in left:
            # Blank lines above it and the word export belong to the line as the parser sees it.
            before = re.match(r"\s*(?:export\s+)?", binding.original.string)
            parts.append(f"{before.group() if before else ''}{binding.key}={left.pop(binding.key)}\n")
    kept = "".join(parts)
    if left and kept and not kept.endswith("\n"):
        kept += "\n"
    return kept + "".join(f"{key}={value}\n" for key, value in left.items())
