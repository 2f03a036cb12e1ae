"""Where the embedded server lives, and as whom it runs.

PostgreSQL refuses to run as root. As root it runs as `nobody`, who must be able to reach its programs and its data:
that is why they never lie in the clone, which may be in a home that only root can enter.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from filelock import FileLock, Timeout

from shop.settings import ROOT, user_folder
from workshop.server.errors import ServerError

FIRST_TIME = 600  # MB: programs, the package lists of apt, the first data folder, room to work
LATER = 200  # MB: a data folder and room to work


def base() -> Path:
    """Return the folder that all clones of this machine user share.

    Raises:
        ServerError: WORKSHOP_HOME is not an absolute path, or cannot be passed to PostgreSQL's programs.
    """
    folder = user_folder()
    if not folder.is_absolute():
        raise ServerError(f"WORKSHOP_HOME is {folder}: give it an absolute path, as the folder you stand in changes.")
    # pg_ctl hands its paths to a shell between double quotes.
    if re.search(r'["$`\n]' if os.name == "nt" else r'["$`\n\\]', str(folder)):
        raise ServerError(
            f"PostgreSQL's programs cannot be started from {folder} because of a character in that path: "
            "set WORKSHOP_HOME to a folder with a plain name."
        )
    return folder


def home_of_this_clone(root: Path = ROOT) -> Path:
    """Return the folder of this clone's own server; another clone, at another root, has another one."""
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:10]
    return base() / "clusters" / name


def as_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def server_user() -> tuple[int, int] | None:
    """Return uid and gid of `nobody` when we are root, else None: the server then runs as ourselves."""
    if not as_root():
        return None
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return nobody.pw_uid, nobody.pw_gid


def hand_over(path: Path) -> None:
    """Give a file or folder to the user who runs the server."""
    if user := server_user():
        os.chown(path, *user)


def make(folder: Path) -> None:
    """Make a folder and its missing parents, such that `nobody` can pass when we are root.

    The mode of a folder that exists is never changed.

    Raises:
        ServerError: a folder cannot be made, or stands where the server's user cannot come.
    """
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        for one in reversed(missing):
            one.mkdir(exist_ok=True)
            one.chmod(0o755 if as_root() else 0o700)
    except OSError as error:
        raise ServerError(f"The folder {folder} cannot be made ({error.strerror}): {_choose()}") from error
    if closed := _closed_to_the_server(folder):
        raise ServerError(
            f"As root, PostgreSQL runs as the user nobody, who may not enter {closed} on the way to {folder}: "
            + _choose()
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ServerError(f"You may not write in {folder}: {_choose()}")


def _choose() -> str:
    if as_root():
        return "set WORKSHOP_HOME to a folder that every user may enter, such as one under /var/lib."
    return "set WORKSHOP_HOME to a folder of your own."


def _closed_to_the_server(folder: Path) -> Path | None:
    """Return the first folder on the way that the server's user may not pass."""
    user = server_user()
    if not user:
        return None
    for one in (*reversed(folder.resolve().parents), folder.resolve()):
        seen = one.stat()
        others = stat.S_IXGRP if seen.st_gid == user[1] else stat.S_IXOTH
        bit = stat.S_IXUSR if seen.st_uid == user[0] else others
        if not seen.st_mode & bit:
            return one
    return None


def free(folder: Path) -> int:
    """Return the free space where the folder is or will be, in MB."""
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    return shutil.disk_usage(existing).free // 1_000_000


def require_space(folder: Path, needed: int) -> None:
    """Raise ServerError, with how much is missing and where, when less than `needed` MB are free."""
    there = free(folder)
    if there < needed:
        raise ServerError(
            f"The disk that holds {folder} has {there} MB free and the server needs {needed} MB: free "
            f"{needed - there} MB there, or set WORKSHOP_HOME to a folder on another disk."
        )


@contextmanager
def locked(path: Path, seconds: float = 300) -> Iterator[None]:
    """Let one process at a time in; the others wait.

    Raises:
        ServerError: somebody kept the lock for longer than `seconds`.
    """
    lock = FileLock(path, timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        raise ServerError(
            f"Another process has been making or starting the server for {seconds:.0f} seconds (it holds {path}): "
            "wait for it, or end it."
        ) from None
    try:
        yield
    finally:
        lock.release()


def run(command: list[str], output: IO[Any] | int, given: str | None = None, seconds: float = 120) -> int:
    """Run one of PostgreSQL's programs as the server's user and return its exit status.

    It starts a session of its own and inherits no pipe of ours, so that a server it leaves behind outlives us. The
    environment is small: a PGPORT or LC_ALL of the reader's would change what these programs do.
    """
    who: dict[str, Any] = {}
    if user := server_user():
        who = {"user": user[0], "group": user[1], "extra_groups": []}
    if os.name == "nt":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        who["creationflags"] = 0x08000000  # CREATE_NO_WINDOW
    else:
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(
        command,
        stdin=None if given is not None else subprocess.DEVNULL,
        input=given,
        stdout=output,
        stderr=subprocess.STDOUT,
        text=True,
        env={**environment, "LC_ALL": "C"},
        cwd=Path(command[0]).parent,  # ours may be gone
        start_new_session=os.name != "nt",
        timeout=seconds,
        check=False,
        **who,
    )
    return done.returncode
