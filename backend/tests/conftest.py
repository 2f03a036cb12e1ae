"""What every test can ask for: a real server of its own, and databases at any step.

The server is an embedded one beside the learner's; it is made when the first test wants it and removed at the end.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import sqlalchemy as sa

from shop import database
from shop.ai import weights
from shop.settings import BACKEND, Settings
from workshop import checkpoints, steps
from workshop.server import EmbeddedServer, home_of_this_clone

TESTS = Path(__file__).parent
os.environ["SHOP_MODELS"] = str(weights.folder())  # also for a test that sets WORKSHOP_HOME
_numbers = itertools.count(1)


def pytest_configure():
    # A shell that starts the tests in the background lets them ignore Ctrl-C, and the programs they start inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def server():
    """A running server that no learner and no other test run uses."""
    home = home_of_this_clone()
    one = EmbeddedServer(home.with_name(f"{home.name}-test-{os.getpid()}"))
    try:
        one.start()
        wait_for_no_disk(one)
        yield one
    finally:
        one.remove()


def wait_for_no_disk(server):
    """Let nothing wait for the disk: no test cuts the power, and the server that a test kills is a process.

    Making and dropping databases, which nearly every test does, then takes a tenth of the time.
    """
    with checkpoints.maintenance(Settings(server.url("postgres"), embedded=False)) as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))


@pytest.fixture(autouse=True)
def apart(monkeypatch, tmp_path):
    """Keep the learner's record and drafts out of it."""
    monkeypatch.setenv("WORKSHOP_RECORD", str(tmp_path / "record.json"))
    monkeypatch.setenv("WORKSHOP_SCRATCH", str(tmp_path / "scratch"))
    monkeypatch.setattr(sys, "path", [*sys.path])  # Alembic puts the folder of the drafts in front, for good


@pytest.fixture
def settings(server, monkeypatch):
    """A fresh, empty database; DATABASE_URL names it while the test runs."""
    url = server.url(f"workshop_test_{next(_numbers)}")
    place = Settings(url, embedded=False)
    checkpoints.replace(place, "template0")
    monkeypatch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    monkeypatch.delenv("WORKSHOP_SERVER", raising=False)
    yield place
    with checkpoints.maintenance(place) as connection:
        names = connection.scalars(
            sa.text("SELECT datname FROM pg_database WHERE datname = :name OR datname LIKE :kept"),
            {"name": url.database, "kept": f"{url.database}\\_kept\\_%"},
        ).all()
    for name in names:
        checkpoints.drop(Settings(url.set(database=name), embedded=False))


@pytest.fixture
def at(settings):
    """Bring the test's database to a step, quickly: at("0002_create_catalog")."""

    def bring(step: str) -> Settings:
        checkpoints.replace(settings, checkpoints.ensure(settings, step, steps.upgrade))
        return settings

    return bring


@pytest.fixture
def alembic():
    """Start `alembic ...` as in another terminal, on the test's database: alembic("upgrade", "head").

    It gives the running process, whose output is text. What still runs at the end is killed.
    """
    runs = []

    def start(*words: str, place: Settings | None = None) -> subprocess.Popen[str]:
        environment = dict(os.environ)
        if place:
            environment["DATABASE_URL"] = place.database_url.render_as_string(hide_password=False)
        assert environment.get("DATABASE_URL"), "ask for `settings`, too: the learner's database is not for tests"
        program = Path(sys.executable).with_name("alembic")
        pipe = subprocess.PIPE
        runs.append(
            subprocess.Popen([program, *words], cwd=BACKEND, env=environment, stdout=pipe, stderr=pipe, text=True)
        )
        return runs[-1]

    yield start
    for run in runs:
        if run.poll() is None:
            run.kill()
        run.communicate()


@pytest.fixture
def connection(settings):
    """A connection to the test's database."""
    with database.connect(settings) as one:
        yield one


# -- counts and seconds per area, at the end ---------------------------------------------------------------------------

_seconds: dict[str, float] = defaultdict(float)
_outcomes: dict[str, Counter] = defaultdict(Counter)
_started = time.monotonic()


def pytest_runtest_logreport(report):
    area = Path(report.nodeid.split("::")[0]).parent.name or "tests"
    _seconds[area] += report.duration
    if report.when == "call" or report.outcome != "passed":
        _outcomes[area][report.outcome] += 1


def pytest_terminal_summary(terminalreporter):
    terminalreporter.section("seconds per area")
    for area in sorted(_seconds):
        counts = ", ".join(f"{number} {outcome}" for outcome, number in sorted(_outcomes[area].items()))
        terminalreporter.write_line(f"{area:12} {_seconds[area]:7.1f} s   {counts}")
    terminalreporter.write_line(f"{'in all':12} {time.monotonic() - _started:7.1f} s")
