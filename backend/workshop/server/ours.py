"""Whose server an address names, and the file that remembers ours.

An address is ours when WORKSHOP_SERVER=embedded stands beside it, in the same file or the same environment. Then it is
started when it is down and corrected when its port had to change. Any other address is somebody else's.
"""

from __future__ import annotations

import os
import re
import tempfile
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from dotenv import dotenv_values

from shop import settings as shop_settings
from shop.settings import ENV_FILE, Settings
from workshop.server.cluster import EmbeddedServer, ServerError


def ensure(env_file: Path = ENV_FILE) -> Settings:
    """Return settings whose server answers, if it is ours; somebody else's are returned as they are.

    Where no address is set at all, our server is started and its address written to the file.

    Raises:
        ServerError, SettingsError: with the cause and the way out.
    """
    if not os.environ.get("DATABASE_URL") and not dotenv_values(env_file).get("DATABASE_URL"):
        server = EmbeddedServer()
        server.start()
        _write(env_file, server.url())
    settings = shop_settings.load(env_file=env_file)
    if not settings.embedded:
        return settings
    server = EmbeddedServer()
    server.start()
    right = server.url(settings.database_url.database or "workshop")
    if right == settings.database_url:
        return settings
    if not os.environ.get("DATABASE_URL"):
        _write(env_file, right)
    return replace(settings, database_url=right)


def stop_ours(env_file: Path = ENV_FILE, remove: bool = False) -> bool:
    """Stop our server; return False when it was not running.

    Raises:
        ServerError: the address in force is somebody else's.
    """
    try:
        settings = shop_settings.load(env_file=env_file)
    except shop_settings.SettingsError:
        settings = None  # nothing is set, so nobody else's can be meant
    if settings and not settings.embedded and not remove:
        raise ServerError(
            f"{settings.database_url.render_as_string()} is not the workshop's own server, so it is left alone: "
            "stop it with the means it was started with."
        )
    server = EmbeddedServer()
    stopped = server.stop()
    if remove:
        server.remove()
    return stopped


def _write(env_file: Path, url: sa.URL) -> None:
    """Put the address and its mark into the file; every other line stays. Readable by its owner only."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    lines = env_file.read_text(encoding="utf-8").splitlines() if env_file.exists() else []
    for name, value in (("DATABASE_URL", address), ("WORKSHOP_SERVER", "embedded")):
        line = f"{name}={value}"
        places = [i for i, one in enumerate(lines) if re.match(rf"\s*(export\s+)?{name}\s*=", one)]
        for place in places:
            lines[place] = line
        lines += [] if places else [line]
    descriptor, aside = tempfile.mkstemp(dir=env_file.parent, prefix=".env.")  # made with mode 0600
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    Path(aside).replace(env_file)
