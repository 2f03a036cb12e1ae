"""Where the server's programs and data live, and who runs them."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from shop.errors import ExplainedError
from shop.settings import ROOT

NOBODY = 65534  # PostgreSQL refuses to run as root; as root it runs as this user
NAME = "agenticshop-workshop"


class ServerError(ExplainedError):
    """The workshop's own server cannot do what it was asked to."""


def as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def base() -> Path:
    """Return the folder for everything of the server's: WORKSHOP_HOME, or the system's place for such data.

    As root it is not in root's home, because `nobody` could not get there.
    """
    if named := os.environ.get("WORKSHOP_HOME"):
        return Path(named).absolute()
    if as_root():
        return Path("/var/lib") / NAME
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / NAME


def home_of_this_clone() -> Path:
    """Return the folder of this clone's cluster; another clone has another one."""
    return base() / "clusters" / hashlib.sha256(str(ROOT).encode()).hexdigest()[:10]


def make(folder: Path) -> Path:
    """Make a folder, and those above it that are missing, so that the server's user can pass through them.

    Raises:
        ServerError: a folder above that is not ours keeps the server's user out.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        for one in reversed(missing):
            one.mkdir(mode=0o755, exist_ok=True)
            one.chmod(0o755)  # whatever the umask says
    except OSError as error:
        raise ServerError(
            f"{folder} cannot be made ({error.strerror}): set WORKSHOP_HOME to a folder that you may write to."
        ) from error
    if as_root():
        closed = [one for one in folder.parents if not one.stat().st_mode & 0o001]
        if closed:
            raise ServerError(
                f"As root the server runs as the user nobody, who may not enter {closed[0]}: set WORKSHOP_HOME to a "
                "folder that everybody may enter, for example under /var/lib."
            )
    return folder


def require_space(folder: Path, megabytes: int) -> None:
    """Raise ServerError when the disk under an existing folder has less than this free."""
    free = shutil.disk_usage(folder).free // 2**20
    if free < megabytes:
        raise ServerError(
            f"The disk under {folder} has {free} MB free and {megabytes} MB are needed: free {megabytes - free} MB, "
            "or set WORKSHOP_HOME to a folder on another disk."
        )
