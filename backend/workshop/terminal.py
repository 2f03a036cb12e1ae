"""Running a command in backend/ the way the reader would type it there, and showing what it prints."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class

from shop.errors import ExplainedError
from shop.settings import BACKEND, Settings
from shop.settings import load as load_settings
from workshop import azure_double, scratch, server


class CommandFailedError(ExplainedError):
    """The command ended with another status than the notebook expects; what it printed stands above."""


def run(
    settings: Settings,
    program: str,
    line: str,
    fails: bool = False,
    drafts: bool = False,
    *,
    address: str = "",
    stand_in: bool = False,
) -> str:
    """Run `<program> <line>` in backend/ on this database, print what it prints, and return it.

    Args:
        program: a command of the virtual environment, such as alembic and workshop.
        line: as in a shell, `scratch/` is the folder of the drafts, and `> scratch/release.sql` keeps what is printed.
        fails: the command is meant to fail.
        drafts: let Alembic see the learner's drafts in backend/scratch, too.
        address: take the database's address from this file of backend/scratch, as a deployment would.
        stand_in: run it on the stand-in for Azure, and say so.

    Raises:
        CommandFailedError: it failed, or it succeeded although it was meant to fail, or there is no such command.
    """
    if not shutil.which(program, path=Path(sys.executable).parent):
        raise CommandFailedError(f'Lines here begin with "alembic" or "workshop"; this one begins with "{program}".')
    environment = {**os.environ, **environment_of(settings)}
    before = ""
    if address:
        before = f"env $(cat scratch/{address}) "
        environment |= environment_of(load_settings({}, scratch.address_file(address)))
    if stand_in:
        print(azure_double.LABEL)
        before = "AI_PROVIDER=azure "
        environment |= azure_double.environment(settings)
    if drafts:
        before += "ALEMBIC_CONFIG=scratch.ini "
        environment["ALEMBIC_CONFIG"] = str(scratch.config())
    words, target = _redirected(_as_the_shell(shlex.split(line)))
    done = subprocess.run(
        [str(Path(sys.executable).with_name(program)), *words],
        cwd=BACKEND,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if target else subprocess.STDOUT,
        text=True,
        check=False,
    )
    if target:
        target.write_text(done.stdout, encoding="utf-8")
    shown = done.stderr if target else done.stdout
    print(f"$ {before}{program} {line}\n{_without_traceback(shown).rstrip()}")
    if (done.returncode != 0) != fails:
        wanted = "fail here, and it did not" if fails else f"succeed, and it ended with status {done.returncode}"
        raise CommandFailedError(f"`{program} {line}` should {wanted}.")
    return shown


def _as_the_shell(words: list[str]) -> list[str]:
    """Return the words with those that begin with scratch/ as the paths of files there, a * among them expanded."""
    paths = []
    for word in words:
        folder, _, name = word.partition("/")
        if folder != "scratch":
            paths.append(word)
            continue
        found = sorted(map(str, scratch.folder().glob(name))) if "*" in name else []
        paths += found or [str(scratch.folder() / name)]
    return paths


def _redirected(words: list[str]) -> tuple[list[str], Path | None]:
    """Return the words before a `>`, and the file behind it, if there is one.

    Raises:
        CommandFailedError: the file lies outside the folder of the drafts.
    """
    if ">" not in words:
        return words, None
    at = words.index(">")
    target = Path(" ".join(words[at + 1 :]))
    if target.parent != scratch.folder():
        raise CommandFailedError("What a command prints can be kept in backend/scratch: > scratch/release.sql")
    return words[:at], target


def _without_traceback(text: str) -> str:
    """Leave out through which lines of Python a failure came; what failed, and with which statement, stays."""
    begin = text.find("Traceback (most recent call last):")
    if begin < 0:
        return text
    frame = text.rfind('\n  File "')  # the innermost one; the first line after it that is not indented names the error
    raised = re.compile(r"^\S", re.MULTILINE).search(text, frame + 1)
    end = raised.start() if raised else len(text)
    return f"{text[:begin]}... ({text[begin:end].count(chr(10))} lines of traceback)\n{text[end:]}"


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment variables by which another process finds the same database."""
    return {
        "DATABASE_URL": settings.database_url.render_as_string(hide_password=False),
        "WORKSHOP_SERVER": "embedded" if settings.embedded else "",
    }


@magics_class
class TerminalMagics(Magics):  # type: ignore[misc]
    """%alembic, %workshop and %%scratch."""

    @line_magic
    def alembic(self, line: str) -> None:
        """Run `alembic ...` in backend/.

        %alembic --fails ... for a command that is meant to fail; %alembic --scratch ... to let Alembic see your drafts;
        %alembic --deploy ... with the address in backend/scratch/deploy.env; %alembic --azure-double ... on the
        stand-in for Azure, with AI_PROVIDER=azure.
        """
        flags, rest = _flags(line, "--fails", "--scratch", "--deploy", "--azure-double")
        address = "deploy.env" if "--deploy" in flags else ""
        run(
            server.ensure(),
            "alembic",
            rest,
            "--fails" in flags,
            "--scratch" in flags,
            address=address,
            stand_in="--azure-double" in flags,
        )

    @line_magic
    def workshop(self, line: str) -> None:
        """Run `workshop ...`; %workshop --fails ... for a command that is meant to fail."""
        flags, rest = _flags(line, "--fails")
        run(server.ensure(), "workshop", rest, fails="--fails" in flags)

    @cell_magic
    def scratch(self, line: str, cell: str) -> None:
        """Write the cell as a draft: %%scratch scratch_mend_ratings."""
        path = scratch.write(line.strip(), cell)
        print(f"Written: backend/scratch/{path.name} (git ignores it)")


def _flags(line: str, *known: str) -> tuple[set[str], str]:
    words = line.split()
    found = set()
    while words and words[0] in known:
        found.add(words.pop(0))
    return found, line[line.index(words[0]) :] if words else ""
