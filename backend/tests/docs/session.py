"""Running the blocks of one page, as a reader would who types them one after the other.

The reader's own files and database are not touched: commands run in a copy of the repository, whose backend/.env
leads to a database of the page's own, or, `at nothing`, to no database, so that `workshop start` makes a server there.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
import sqlparse
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from shop import database, settings
from shop.settings import Settings
from tests.copies import copy_repository
from tests.docs import excerpts
from tests.docs.pages import Block, Directive, Page, PageError
from workshop import chain, cypher, labs, scratch, steps, xray
from workshop.server import place, runtime
from workshop.terminal import environment_of

PATIENCE = 300.0  # seconds for one block
# What the tests, or whoever starts them, have set for themselves, and a reader has not.
NOT_THE_READERS = ("DATABASE_URL", "WORKSHOP_SERVER", "WORKSHOP_SCRATCH", "ALEMBIC_CONFIG", "AI_PROVIDER", "MAKEFLAGS")

DRAFT = '''"""A draft from a page

Revision ID: {name}
Revises: {below}
"""

import sqlalchemy as sa
from alembic import op

revision: str = "{name}"
down_revision: str | None = "{below}"
branch_labels: str | None = None
depends_on: str | None = None


{functions}
'''


def copy_with_environment(root: Path) -> Path:
    """Copy the working tree; its virtual environment is this one."""
    copy_repository(root)
    borrow_environment(root)
    return root


def borrow_environment(root: Path) -> None:
    """Let a copy or clone use the virtual environment that runs the tests, and let `make` find it ready."""
    (root / ".venv").symlink_to(sys.prefix, target_is_directory=True)
    ready = root / ".venv" / ".ready"
    made = ready.stat().st_mtime if ready.exists() else 0
    for name in ("requirements.lock", "pyproject.toml"):
        os.utime(root / "backend" / name, (made - 1, made - 1))


@dataclass
class Session:
    """A reader's session in a copy of the repository.

    root: the copy; bring: makes the page's database be at a step ("base" for an empty one) and returns its settings.
    """

    root: Path
    bring: Callable[[str], Settings]
    folder: str = "backend"
    environment: dict[str, str] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    wanted: str | None = None  # a state that the next block finds, when it needs a database
    printed: str = ""
    lab: labs.Lab | None = None
    planted: str = ""

    def __post_init__(self) -> None:
        self._new_terminal()

    # -- a page --------------------------------------------------------------------------------------------------------

    def run(self, page: Page) -> None:
        """Run a page from top to bottom.

        Raises:
            PageError: naming page, line and cause of the first failure.
        """
        self.wanted = default_state(page.name)
        for item in page.items:
            if isinstance(item, Directive):
                self._obey(page, item)
            else:
                self.run_block(item)

    def run_block(self, block: Block) -> None:
        """Run one block, compare an excerpt, or leave out what a directive leaves out."""
        if block.said("not run"):
            self.printed = ""
        elif block.said("from") or block.snippet:
            excerpts.verify(block)
        elif block.said("output") is not None:
            excerpts.verify_output(block, self.printed)
        elif block.language != "text":
            self._ready()
            self.printed = self._printed(block)
            for words in block.all_said("prints"):
                if _plain(words) not in _plain(self.printed):
                    raise PageError(f"{block.place}: it does not print {words!r}, but:\n{self.printed}")

    def _obey(self, page: Page, one: Directive) -> None:
        try:
            if one.kind == "at":
                self.wanted, self.lab = state(one.said), None
            elif one.kind == "after plant":
                self._plant(Path(page.name).stem, one.said)
            elif one.kind in ("part", "solves"):
                if self.lab is None:
                    raise PageError("nothing is planted: `run: after plant ...` comes first")
                self._part(int(one.said)) if one.kind == "part" else self.lab.look(one.said).require()
            elif one.said == "a new terminal":
                self._new_terminal()
            elif not (self.root / one.said).is_dir():
                raise PageError(f"there is no folder {one.said}")
            else:
                self.folder = one.said
        except Exception as error:
            raise PageError(f"{page.name}:{one.line}: {one.kind} {one.said}: {error}") from error

    def _printed(self, block: Block) -> str:
        run = {"console": self._console, "sql": self._sql, "cypher": self._cypher, "python": self._python}
        try:
            return run[block.language](block)
        except PageError:
            raise
        except Exception as error:
            raise PageError(f"{block.place}: {type(error).__name__}: {error}") from error

    # -- states --------------------------------------------------------------------------------------------------------

    @property
    def settings(self) -> Settings:
        """Where the page's database is, as the reader's own programs find it."""
        return settings.load({}, self.root / "backend" / ".env")

    def _ready(self) -> None:
        """Bring about the state that the last `run: at` wants; once, so that the blocks after it go on from there."""
        wanted, self.wanted = self.wanted, None
        if wanted is None:
            return
        self._new_terminal()
        shutil.rmtree(self.root / "backend" / "scratch", ignore_errors=True)
        (self.root / "backend" / "scratch").mkdir()
        env_file = self.root / "backend" / ".env"
        env_file.unlink(missing_ok=True)
        if wanted != "nothing":
            url = self.bring(wanted).database_url.set(drivername="postgresql")
            env_file.write_text(f"DATABASE_URL={url.render_as_string(hide_password=False)}\n", encoding="utf-8")

    def _new_terminal(self) -> None:
        programs = runtime.existing(place.base())
        path = [str(self.root / ".venv" / "bin"), *([str(Path(programs.program("psql")).parent)] if programs else [])]
        self.environment = {name: value for name, value in os.environ.items() if name not in NOT_THE_READERS}
        self.environment |= {
            "PATH": os.pathsep.join([*path, os.environ["PATH"]]),
            "PYTHONPATH": str(self.root / "backend"),  # the copy's own packages, in the environment of this one
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def _plant(self, lab: str, exercise: str) -> None:
        """Plant an exercise, as the notebook does beside the reader's terminal, which stays as it is."""
        if self.wanted is not None:
            self._ready()
        self.lab, self.planted = labs.Lab(lab, self.settings), exercise
        self.lab.plant(exercise)

    def _part(self, number: int) -> None:
        """Carry out a part of the workshop's own repair."""
        assert self.lab
        known = self.lab.solution(self.planted)
        self.lab._carry_out(known.parts[number - 1], known.paths[number - 1].suffix)

    # -- languages -----------------------------------------------------------------------------------------------------

    def _console(self, block: Block) -> str:
        """Run the commands in one bash, which ends at the first that fails; folder and exports last beyond the block."""
        *first, last = commands(block.text)
        aside = self.root.with_name(f"{self.root.name}-terminal")
        aside.mkdir(exist_ok=True)
        folder, exported, reached = (aside / name for name in ("folder", "exported", "reached"))
        reached.unlink(missing_ok=True)
        at_the_end = f"pwd > {shlex.quote(str(folder))}; env -0 > {shlex.quote(str(exported))}"
        script = [f"trap {shlex.quote(at_the_end)} EXIT", "set -e -o pipefail", *first]
        script += [f": > {shlex.quote(str(reached))}", last]
        status, said = self._bash("\n".join(script), aside)
        if folder.exists() and exported.exists():
            self.folder = os.path.relpath(folder.read_text().strip(), self.root)
            pairs = (pair.partition("=") for pair in exported.read_text().split("\0") if pair)
            self.environment = {name: value for name, _, value in pairs if name not in ("_", "SHLVL", "OLDPWD")}
        _judge(block, None if status == 0 else said or f"status {status}", said, reached.exists())
        return said

    def _bash(self, script: str, aside: Path) -> tuple[int, str]:
        """Return the status and all that was printed. A server that was started may stay behind: it holds no pipe."""
        said = aside / "said"
        with said.open("w", encoding="utf-8") as out:
            process = subprocess.Popen(
                ["bash", "-c", script],
                cwd=self.root / self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                status = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise PageError(
                    f"no end after {PATIENCE:.0f} seconds; printed until then:\n{said.read_text()}"
                ) from None
        return status, said.read_text(encoding="utf-8", errors="replace")

    def _sql(self, block: Block) -> str:
        """Run the statements, each its own transaction unless the block says BEGIN; `:name` is a name of python's."""
        statements = [text for text in sqlparse.split(block.text) if sqlparse.format(text, strip_comments=True).strip()]
        shown: list[str] = []
        with database.connect(self.settings, isolation_level="AUTOCOMMIT") as connection:
            said: list[str] = []  # what psql would say of a statement without rows, such as UPDATE 3
            sa.event.listen(
                connection, "after_cursor_execute", lambda _, cursor, *__: said.append(cursor.statusmessage)
            )
            for number, text in enumerate(statements, 1):
                failure = None
                try:
                    result = connection.execute(*_bound(text, self.names))
                    shown.append(_table(result) if result.returns_rows else said[-1] or "")
                except sa.exc.DBAPIError as error:
                    failure = str(error.orig)
                    shown.append(f"ERROR: {failure}")
                _judge(block, failure, "\n".join(shown), number == len(statements))
            if connection.connection.driver_connection.info.transaction_status.name != "IDLE":
                raise PageError(f"{block.place}: the block leaves a transaction open.")
        return "\n".join(shown)

    def _cypher(self, block: Block) -> str:
        """Run one query on the graph, as %%cypher does."""
        query = cypher.parse(block.text)
        found, failure = None, None
        with database.connect(self.settings) as connection:
            raw = connection.connection.driver_connection
            raw.autocommit = True
            printed = io.StringIO()
            try:
                with contextlib.redirect_stdout(printed):
                    known = {**vars(cypher), **self.names}
                    found = cypher.run(SimpleNamespace(raw=raw), query, cypher.GRAPH, cypher.arguments(query, known))
            except cypher.QueryError as error:
                failure = str(error)
            finally:
                raw.autocommit = False
        said = printed.getvalue() + (failure or (found.to_string() if found is not None else ""))
        _judge(block, failure, said, True)
        return said

    def _python(self, block: Block) -> str:
        """Run the block in the page's namespace, with `op`, `sa`, `engine` and `connection`; or store it as a draft."""
        if block.said("draft") is not None:
            return self._draft(block)
        printed, failure = io.StringIO(), None
        with self._offered() as offered:
            self.names |= offered
            try:
                with contextlib.redirect_stdout(printed):
                    exec(compile(block.text, block.place, "exec"), self.names)
            except Exception as error:
                failure = f"{type(error).__name__}: {error}"
        said = printed.getvalue() + (failure or "")
        _judge(block, failure, said, True)
        return said

    @contextlib.contextmanager
    def _offered(self) -> Iterator[dict[str, Any]]:
        """Give what a block of Python finds: a connection whose transaction is committed after the block."""
        with contextlib.ExitStack() as stack:
            for one in (contextlib.chdir(self.root / self.folder), _process_kept()):
                stack.enter_context(one)
            os.environ |= {**self.environment, **environment_of(self.settings)}
            connection = stack.enter_context(database.connect(self.settings))
            op = stack.enter_context(Operations.context(MigrationContext.configure(connection)))
            yield {"sa": sa, "op": op, "connection": connection, "engine": connection.engine}
            connection.commit()

    def _draft(self, block: Block) -> str:
        """Store the block as a draft, upgrade, downgrade, upgrade; the downgrade must leave no trace."""
        below, said = steps.current(self.settings), ""
        text = block.text if re.search(r"^revision\b", block.text, re.MULTILINE) else _framed(block, below)
        name = scratch.declared(text)
        path = self.root / "backend" / "scratch" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        before = self._fingerprint()
        for line in (up := f"upgrade {name}", "downgrade -1", up):
            status, printed = self._bash(
                f"cd {shlex.quote(str(self.root / 'backend'))}; ALEMBIC_CONFIG=scratch.ini alembic {line}",
                self.root.parent,
            )
            said += printed
            _judge(block, None if status == 0 else printed, said, line == up)
            if status != 0:
                break
            if line == "downgrade -1" and self._fingerprint() != before:
                raise PageError(f"{block.place}: after upgrade and downgrade the database is not what it was.")
        return said

    def _fingerprint(self) -> str:
        with database.connect(self.settings) as connection:
            return xray.snapshot(connection).fingerprint


def default_state(page: str) -> str:
    """Return the state in which a page begins: a step's page at its own step, all others at head."""
    name = Path(page).stem
    return name if any(step.name == name for step in chain.steps()) else chain.steps()[-1].name


def state(said: str) -> str:
    """Return the step that `at` names, or "base", or "nothing"."""
    if said in (chain.BASE, "nothing"):
        return said
    return chain.steps()[-1].name if said == "head" else chain.find(said).name


def commands(text: str) -> list[str]:
    """Divide a block into commands: a line each, longer where a line goes on (a backslash, an open quote, << END).

    Raises:
        PageError: it holds no command.
    """
    found: list[str] = []
    pending = ""
    for line in text.splitlines():
        pending = f"{pending}\n{line}" if pending else line
        if not pending.strip() or pending.lstrip().startswith("#"):
            pending = ""
        elif _is_whole(pending):
            found.append(pending)
            pending = ""
    if pending:
        found.append(pending)
    if not found:
        raise PageError("the block holds no command")
    return found


def _is_whole(text: str) -> bool:
    """Ask bash whether these lines are whole; it warns of a document that has no end."""
    if text.endswith("\\"):
        return False
    asked = subprocess.run(["bash", "-n", "-c", text], capture_output=True, text=True, check=False)
    return asked.returncode == 0 and "here-document" not in asked.stderr


def _judge(block: Block, failure: str | None, said: str, last: bool) -> None:
    """Compare what happened with what the page says: a failure at the last command of a block that fails, or none.

    Raises:
        PageError: with what was printed.
    """
    expected = block.said("fails")
    if failure is None:
        if expected and last:
            raise PageError(f"{block.place}: it should fail with {expected!r}, and it does not. It printed:\n{said}")
    elif expected is None or not last:
        raise PageError(f"{block.place}: it fails:\n{said}")
    elif _plain(expected) not in _plain(said):
        raise PageError(f"{block.place}: it fails, but not with {expected!r}:\n{said}")


def _plain(text: str) -> str:
    return " ".join(text.split())


def _bound(statement: str, names: Mapping[str, Any]) -> tuple[sa.TextClause, dict[str, Any]]:
    """Bind `:name` where a block of python has made that variable; any other colon, as in (p)-[:HAS_REVIEW]->, stays."""
    escaped = re.sub(
        r"(?<![:\w\\]):(\w+)(?!:)", lambda found: found[0] if found[1] in names else f"\\{found[0]}", statement
    )
    text = sa.text(escaped)
    return text, {name: names[name] for name in text._bindparams}


def _table(result: sa.CursorResult[Any]) -> str:
    """Return rows as text, a line each, columns divided by ` | `, as psql shows them."""
    rows = [" | ".join("" if value is None else str(value) for value in row) for row in result]
    return "\n".join([" | ".join(result.keys()), *rows])


def _framed(block: Block, below: str) -> str:
    """Make a whole revision of two functions."""
    missing = [name for name in ("upgrade", "downgrade") if f"def {name}(" not in block.text]
    if missing:
        raise PageError(f"{block.place}: a draft needs upgrade() and downgrade(); {' and '.join(missing)} is missing.")
    return DRAFT.format(name=f"line_{block.line}", below=below, functions=block.text)


@contextlib.contextmanager
def _process_kept() -> Iterator[None]:
    """Let a block of Python change this process's environment and path for itself only."""
    path, environment = [*sys.path], dict(os.environ)
    try:
        yield
    finally:
        sys.path[:] = path
        os.environ.clear()
        os.environ |= environment
