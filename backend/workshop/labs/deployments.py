"""A deployment and the shop around it: sessions that really run at the same time, and who of them waits for whom.

    with deployments.held(lab.settings, "import", "UPDATE ..."):          # a transaction that stays open
        release = deployments.start(lab.settings, "upgrade head")         # `alembic upgrade head`, not waited for
        deployments.queue_when(lab.settings, "alembic")                   # who waits for whom, as soon as it does
        deployments.begin(lab.settings, "reviewer", "UPDATE ...")         # one statement, not waited for
        deployments.queue_when(lab.settings, "reviewer", seconds=1)
    release.said()                                                        # waits for its end

Every session carries an application_name, by which pg_stat_activity tells who it is.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa

from shop import database
from shop.errors import ExplainedError
from shop.settings import BACKEND, Settings
from workshop import record, scratch, terminal
from workshop.lesson import Table

PROGRAMS = Path(__file__).parent / "planted" / "lab_ship_it"
PAUSE = 0.02  # seconds between two customers
ENDED = ("57P01", None)  # the server's code for a session that somebody terminated; none when its farewell was lost

# waitstart is empty for the first moment of a wait
_QUEUE = sa.text("""
    SELECT w.application_name AS who, l.mode AS wants, l.relation::regclass::text AS of,
           b.application_name AS waits_for, b.state AS which_is,
           round(extract(epoch FROM clock_timestamp() - l.waitstart)::numeric, 1)::float AS seconds
    FROM pg_stat_activity w
    JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS blocking(pid) ON true
    JOIN pg_stat_activity b ON b.pid = blocking.pid
    LEFT JOIN pg_locks l ON l.pid = w.pid AND NOT l.granted
    WHERE w.datname = current_database() AND b.backend_type = 'client backend'
    ORDER BY l.waitstart, w.pid, b.pid
""")


_SESSIONS = sa.text("""
    SELECT application_name AS who, state, regexp_replace(query, '\\s+', ' ', 'g') AS statement
    FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND application_name <> 'observer'
    ORDER BY backend_start, pid
""")


class DeploymentError(ExplainedError):
    """What was to be watched did not come about."""


# -- sessions of others ------------------------------------------------------------------------------------------------


def session(settings: Settings, name: str, **options: object) -> sa.Connection:
    """Connect under a name that pg_stat_activity shows."""
    return database.connect(settings, connect_args={"application_name": name}, **options)


@contextlib.contextmanager
def held(settings: Settings, name: str, statement: str) -> Iterator[sa.Connection]:
    """Keep a transaction open that has run a statement, as a program does that is slow or was forgotten.

    It is rolled back at the end.
    """
    with session(settings, name) as connection:
        connection.execute(sa.text(statement))
        yield connection
        with contextlib.suppress(sa.exc.DBAPIError):  # somebody may have ended it
            connection.rollback()


def alive(connection: sa.Connection) -> bool:
    """Tell whether nobody has ended a session."""
    try:
        connection.execute(sa.text("SELECT 1"))
    except sa.exc.DBAPIError:
        return False
    return True


def begin(settings: Settings, name: str, statement: str) -> threading.Thread:
    """Run a statement in a session and a thread of its own, and return at once."""

    connection = session(settings, name, isolation_level="AUTOCOMMIT")

    def run(_: Settings) -> None:
        with connection:
            connection.execute(sa.text(statement))

    return in_background(run, settings)[0]


@dataclass(frozen=True)
class Program:
    """A version of the shop's program: what it is called, and its statements by name (add, move, show)."""

    name: str
    statements: Mapping[str, str]

    def run(self, connection: sa.Connection, statement: str, **values: object) -> int | None:
        """Run a statement and return how many pieces there are now; None when it found no row."""
        found: int | None = connection.execute(sa.text(self.statements[statement]), values).scalar()
        return found

    def __str__(self) -> str:
        return "\n".join(f"-- {name}\n{statement}" for name, statement in self.statements.items())


def program(file: str) -> Program:
    """Read a version of the program from its file, such as "shop_1"; its sessions are called "shop 1"."""
    text = (PROGRAMS / f"{file}.sql").read_text(encoding="utf-8")
    _, *parts = re.split(r"^-- (\w+)\n", text, flags=re.MULTILINE)
    return Program(file.replace("_", " "), dict(zip(parts[::2], (one.strip() for one in parts[1::2]), strict=True)))


@dataclass
class Customers:
    """People who shop through a version of the program, one after the other, in a thread.

    served: how many; failure: what the server said to one whom it refused; ended: somebody ended the session.
    """

    settings: Settings
    program: Program
    served: int = 0
    failure: str = ""
    ended: bool = False
    _stop: threading.Event = field(default_factory=threading.Event, repr=False)
    _thread: threading.Thread | None = field(default=None, repr=False)

    def start(self) -> Customers:
        connection = session(self.settings, self.program.name, isolation_level="AUTOCOMMIT")
        self._thread = threading.Thread(target=self._shop, args=(connection,), daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join(timeout=60)

    def wait_for_the_next(self, patience: float = 10) -> None:
        """Wait until another customer was served, or nobody comes any more: what has just changed meets one of them."""
        # The first of two may have been on the way already.
        deadline, enough = time.monotonic() + patience, self.served + 2
        while self._thread and self._thread.is_alive() and self.served < enough and time.monotonic() < deadline:
            time.sleep(PAUSE)

    def __enter__(self) -> Customers:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _shop(self, connection: sa.Connection) -> None:
        with connection:
            try:
                skus = connection.scalars(sa.text("SELECT sku FROM variants ORDER BY id")).all()
                while not self._stop.wait(PAUSE):
                    # Every other one brings back what the one before took, so that the shop does not run dry.
                    sku, pieces = skus[self.served // 2 % len(skus)], (1, -1)[self.served % 2]
                    self.program.run(connection, "move", sku=sku, pieces=pieces)
                    self.served += 1
            except sa.exc.DBAPIError as error:
                self.ended = getattr(error.orig, "sqlstate", None) in ENDED
                self.failure = "" if self.ended else str(error.orig).splitlines()[0]


# -- the deployment ----------------------------------------------------------------------------------------------------


@dataclass
class Release:
    """`alembic ...` with the drafts in sight, running by itself."""

    line: str
    process: subprocess.Popen[str]

    def said(self, fails: bool = False) -> str:
        """Wait for the end, and return what it printed.

        Raises:
            DeploymentError: it ended otherwise than it should.
        """
        said = self.process.communicate(timeout=120)[0].strip()
        if (self.process.returncode != 0) != fails:
            raise DeploymentError(f"`alembic {self.line}` ended with status {self.process.returncode}: {said}")
        return said


def start(settings: Settings, line: str) -> Release:
    """Start `alembic <line>` as in another terminal, with the drafts in sight, and return at once."""
    environment = {**os.environ, **terminal.environment_of(settings), "ALEMBIC_CONFIG": str(scratch.config())}
    command = [str(Path(sys.executable).with_name("alembic")), *line.split()]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=BACKEND, env=environment, stdout=pipe, stderr=subprocess.STDOUT, text=True)
    return Release(line, process)


def queue(settings: Settings) -> pd.DataFrame:
    """Return who waits for whom in this database now: who, wants (a lock's mode), of, waits_for, which_is, seconds."""
    with session(settings, "observer") as connection:
        found = connection.execute(_QUEUE)
        return pd.DataFrame(found.all(), columns=list(found.keys()))


def queue_when(settings: Settings, who: str, seconds: float = 0, patience: float = 30) -> pd.DataFrame:
    """Return the queue as soon as somebody waits in it.

    Args:
        who: the name of the session that waits.
        seconds: for how long, at least.
        patience: seconds.

    Raises:
        DeploymentError: nobody of that name waited so long.
    """
    return _as_soon_as(
        lambda: queue(settings),
        lambda seen: bool(((seen.who == who) & (seen.seconds.fillna(0) >= seconds)).any()),
        f"{who} did not wait for anybody within {patience} seconds: look at what it printed.",
        patience,
    )


def sessions(settings: Settings) -> pd.DataFrame:
    """Return the sessions of this database: who, state, and the last statement of each."""
    with session(settings, "observer") as connection:
        found = connection.execute(_SESSIONS)
        return pd.DataFrame(found.all(), columns=list(found.keys()))


def sessions_when(settings: Settings, said: str, patience: float = 30) -> pd.DataFrame:
    """Return the sessions as soon as the last statement of one holds these words.

    Raises:
        DeploymentError: none said so; patience: seconds.
    """
    return _as_soon_as(
        lambda: sessions(settings),
        lambda seen: bool(seen.statement.str.contains(said, regex=False).any()),
        f"No session said {said} within {patience} seconds.",
        patience,
    )


def _as_soon_as(
    look: Callable[[], pd.DataFrame], so: Callable[[pd.DataFrame], bool], else_: str, patience: float
) -> pd.DataFrame:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if so(seen := look()):
            return seen
        time.sleep(PAUSE)
    raise DeploymentError(else_)


def compared(lab: str, said: Mapping[str, Any], seen: Mapping[str, int]) -> Table:
    """Note and show the learner's predictions beside what was seen; dots (`...`) count as unanswered."""
    rows = []
    for what, truth in seen.items():
        guess = said.get(what, ...)
        verdict = "not answered" if guess is ... else "right" if guess == truth else "look again"
        rows.append((what, "..." if guess is ... else guess, truth, verdict))
    record.predicted(lab, [row[3] for row in rows])
    return Table("Predicted and seen", ("how many", "you said", "seen", ""), rows)


def in_background(action: Callable[[Settings], None], settings: Settings) -> tuple[threading.Thread, list[Exception]]:
    """Start an action in a thread; return it, and the list into which it puts what it raises."""
    raised: list[Exception] = []

    def run() -> None:
        try:
            action(settings)
        except Exception as error:  # a draft can raise anything
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, raised
