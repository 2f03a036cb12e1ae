"""kill -9 in the middle of 0003: of the server, and of the process that migrates. A whole revision is left."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from shop import database
from shop.settings import Settings
from workshop import checkpoints, steps, xray
from workshop.server import EmbeddedServer

TIMES = 10


@pytest.fixture(scope="module")
def victim(base):
    """A server that may be killed."""
    server = EmbeddedServer(base / "victim")
    previous = os.environ.get("WORKSHOP_HOME")
    os.environ["WORKSHOP_HOME"] = str(base)
    server.start()
    yield server
    server.remove()
    os.environ.pop("WORKSHOP_HOME")
    if previous:
        os.environ["WORKSHOP_HOME"] = previous


@pytest.fixture(scope="module")
def whole(victim):
    """The fingerprints that an undisturbed upgrade gives."""
    place = Settings(victim.url("workshop_whole"), embedded=False)
    checkpoints.replace(place, "template0")
    seen = {}
    for name in ("0002_create_catalog", "0003_seed_catalog"):
        steps.upgrade(place, name)
        seen[name] = look(place)
    return seen


def look(place):
    with database.connect(place) as connection:
        return xray.snapshot(connection).fingerprint


def in_the_middle_of_0003(alembic, place):
    """Start `alembic upgrade 0003` at 0002 and return the process a random moment after 0003 began."""
    run = alembic("upgrade", "0003", place=place)
    for line in run.stderr:
        if "0002_create_catalog -> 0003_seed_catalog" in line:
            break
    time.sleep(random.uniform(0, 0.25))
    return run


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["the server", "the migrating process"])
def test_killed_in_the_middle_a_whole_revision_is_left(victim, whole, killed, alembic):
    place = Settings(victim.url("workshop_victim"), embedded=False)
    interrupted = 0
    for _ in range(TIMES):
        victim.start()
        place = Settings(victim.url("workshop_victim"), embedded=False)
        checkpoints.replace(place, checkpoints.ensure(place, "0002_create_catalog", steps.upgrade))
        run = in_the_middle_of_0003(alembic, place)
        if killed == "the server":
            os.kill(int((victim.data / "postmaster.pid").read_text().splitlines()[0]), signal.SIGKILL)
            said = run.communicate(timeout=60)[1]
            assert run.returncode == 0 or "Traceback" not in said, said
        else:
            run.kill()
            run.communicate(timeout=60)
        victim.start()
        place = Settings(victim.url("workshop_victim"), embedded=False)
        here = steps.current(place)
        assert here in whole and look(place) == whole[here]
        interrupted += here == "0002_create_catalog"
        steps.upgrade(place, "0003_seed_catalog")
        assert look(place) == whole["0003_seed_catalog"]
    assert interrupted >= TIMES // 2, "too few kills hit the middle of the revision to prove anything"
