"""Running a command in backend/ the way the reader would type it there, and showing what it prints."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

from shop.errors import ExplainedError
from shop.settings import BACKEND, Settings
from workshop.scratch import CONFIG


class CommandFailedError(ExplainedError):
    """The command ended with another status than the notebook expects; what it printed stands above."""


def run(settings: Settings, program: str, line: str, fails: bool = False, scratch: bool = False) -> str:
    """Run `<program> <line>` in backend/ on this database, print what it prints, and return it.

    Args:
        program: a command of the virtual environment: alembic, workshop.
        fails: the command is meant to fail.
        scratch: let Alembic see the drafts in backend/scratch, too.

    Raises:
        CommandFailedError: it failed, or it succeeded although it was meant to fail.
    """
    environment = {**os.environ, **environment_of(settings)}
    if scratch:
        environment["ALEMBIC_CONFIG"] = CONFIG.name
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *shlex.split(line)],
        cwd=BACKEND,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(f"$ {'ALEMBIC_CONFIG=scratch.ini ' * scratch}{program} {line}\n{done.stdout.rstrip()}")
    if (done.returncode != 0) != fails:
        wanted = "fail here, and it did not" if fails else f"succeed, and it ended with status {done.returncode}"
        raise CommandFailedError(f"`{program} {line}` should {wanted}.")
    return done.stdout


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment variables by which another process finds the same database."""
    return {
        "DATABASE_URL": settings.database_url.render_as_string(hide_password=False),
        "WORKSHOP_SERVER": "embedded" if settings.embedded else "",
    }
