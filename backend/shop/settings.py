"""Settings of the shop, read from the environment and from backend/.env (the environment wins)."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from dotenv import dotenv_values

from shop.errors import ExplainedError

BACKEND = Path(__file__).resolve().parent.parent
ROOT = BACKEND.parent
DATA = ROOT / "data"
ENV_FILE = BACKEND / ".env"
FOLDER = "agenticshop-workshop"


class SettingsError(ExplainedError):
    """A setting is missing or cannot be understood."""


@dataclass(frozen=True)
class Settings:
    """What the shop needs to know before it can do anything.

    database_url: where the database is; the driver is always psycopg 3.
    embedded: True when the address carries the mark WORKSHOP_SERVER=embedded, so that the server behind it is
        the workshop's own. The mark counts only beside the address it was written with: an address from the
        environment is not ours because a file happens to carry the mark.
    """

    database_url: sa.URL
    embedded: bool


def load(environ: Mapping[str, str] | None = None, env_file: Path = ENV_FILE) -> Settings:
    """Read the settings.

    Raises:
        SettingsError: DATABASE_URL is missing, or is not the address of a PostgreSQL database.
    """
    environment = os.environ if environ is None else environ
    source = environment if environment.get("DATABASE_URL") else dotenv_values(env_file)
    text = source.get("DATABASE_URL")
    if not text:
        raise SettingsError(
            "DATABASE_URL is not set. Run `workshop start`, which gives you a PostgreSQL of your own and writes its "
            f"address to {env_file.parent.name}/{env_file.name}, or write the address of your own server there."
        )
    return Settings(postgresql_url(text), embedded=source.get("WORKSHOP_SERVER") == "embedded")


def postgresql_url(text: str) -> sa.URL:
    """Return the address with the psycopg driver; `postgres://` and driver names of others are understood."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):  # ValueError: a port that is no number
        # The text may hold a password, so it is not repeated here.
        raise SettingsError(
            "DATABASE_URL is not an address: it should look like postgresql://user:password@host:5432/database."
        ) from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise SettingsError(
            f"DATABASE_URL names a {url.get_backend_name()} database, and this shop runs on PostgreSQL only: "
            "use an address like postgresql://user:password@host:5432/database."
        )
    if not url.database:
        raise SettingsError(
            "DATABASE_URL names no database: end it with a name, as in postgresql://user:password@host:5432/workshop."
        )
    return url.set(drivername="postgresql+psycopg")


def user_folder() -> Path:
    """Return the folder for what all clones of this machine user share: WORKSHOP_HOME, or the platform's usual one."""
    if chosen := os.environ.get("WORKSHOP_HOME"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        usual = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif hasattr(os, "geteuid") and os.geteuid() == 0:
        usual = Path("/var/lib")  # PostgreSQL runs as `nobody` then, who may not enter root's home
    elif sys.platform == "darwin":
        usual = Path.home() / "Library" / "Application Support"
    else:
        usual = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return usual / FOLDER
