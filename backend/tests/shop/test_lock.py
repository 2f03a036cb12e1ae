"""Upgrades at once: one does the work, all end well, and nobody waits inside a transaction."""

from __future__ import annotations

import os
import signal
import time

import pytest
import sqlalchemy as sa

from shop import database
from shop.lock import KEY, migration_lock
from workshop import chain, steps, xray


def fingerprint(settings):
    with database.connect(settings) as connection:
        return xray.snapshot(connection).fingerprint


@pytest.mark.parametrize("number", [2, 8])
def test_upgrades_at_once_all_succeed_and_one_does_the_work(settings, at, number, alembic):
    runs = [alembic("upgrade", "head") for _ in range(number)]
    ends = [(run.communicate(timeout=120)[1], run.returncode) for run in runs]
    assert [code for _, code in ends] == [0] * number
    assert sum("Running upgrade 0002_create_catalog -> 0003_seed_catalog" in said for said, _ in ends) == 1
    by_all = fingerprint(settings)
    at(chain.steps()[-1].name)
    assert by_all == fingerprint(settings)


@pytest.mark.slow
def test_two_upgrades_from_0005_to_head_both_finish_twenty_times(settings, at, alembic):
    """The embeddings, and indexes that are built concurrently while the other one waits. Two to five minutes."""
    at(chain.steps()[-1].name)
    undisturbed = fingerprint(settings)
    for _ in range(20):
        at("0005_seed_focus_groups")
        runs = [alembic("upgrade", "head") for _ in range(2)]
        ends = [(run.communicate(timeout=300)[1], run.returncode) for run in runs]
        assert [code for _, code in ends] == [0, 0], ends
        assert sum("-> 0007_index_embeddings" in said for said, _ in ends) == 1
        assert fingerprint(settings) == undisturbed


def test_the_one_who_waits_says_for_whom_and_holds_no_snapshot(settings, connection, alembic):
    with migration_lock(connection):
        waiting = alembic("upgrade", "0001")
        time.sleep(2.5)
        with database.connect(settings) as other:
            rows = other.execute(
                sa.text(
                    "SELECT state, backend_xmin FROM pg_stat_activity "
                    "WHERE application_name = 'alembic' AND datname = current_database()"
                )
            ).all()
    said = waiting.communicate(timeout=60)[1]
    assert rows and all(state == "idle" and xmin is None for state, xmin in rows)
    assert "Waiting for another migration run: process" in said
    assert waiting.returncode == 0 and steps.current(settings) == "0001_create_sample_table"


def test_patience_ends_with_a_sentence(settings, connection):
    refused = pytest.raises(database.DatabaseError, match="Another migration run still holds the lock")
    with (
        migration_lock(connection),
        database.connect(settings) as second,
        refused,
        migration_lock(second, patience=0.5),
    ):
        pytest.fail("two at once")


def test_the_lock_is_free_afterwards(settings, connection):
    with migration_lock(connection):
        pass
    with database.connect(settings) as other:
        assert other.scalar(sa.select(sa.func.pg_try_advisory_lock(KEY)))


def test_readers_do_not_wait(settings, connection, alembic):
    with migration_lock(connection):
        assert alembic("current").wait(timeout=30) == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_interrupt_rolls_back_the_revision_that_runs_and_says_so(settings, at, alembic):
    at("0002_create_catalog")
    before = fingerprint(settings)
    with database.connect(settings) as blocker, blocker.begin():
        blocker.execute(sa.text("LOCK TABLE users"))
        run = alembic("upgrade", "head")
        time.sleep(2.5)
        run.send_signal(signal.SIGINT)
        said = "".join(run.communicate(timeout=30))
    assert run.returncode != 0
    assert "Interrupted. The revision that ran was rolled back" in said and "Traceback" not in said
    assert fingerprint(settings) == before


def test_a_lock_that_is_never_free_ends_with_a_sentence(settings, at, monkeypatch, alembic):
    at("0002_create_catalog")
    with database.connect(settings) as blocker, blocker.begin():
        blocker.execute(sa.text("LOCK TABLE users"))
        run = alembic("upgrade", "head")  # lock_timeout is 10 seconds
        said = "".join(run.communicate(timeout=60))
    assert run.returncode != 0 and "holds a lock that this statement needs" in said and "Traceback" not in said


def test_an_unknown_revision_is_explained(settings, at, connection, alembic):
    at("0001_create_sample_table")
    with database.connect(settings) as fresh, fresh.begin():
        fresh.execute(sa.text("UPDATE alembic_version SET version_num = 'from_a_branch'"))
    run = alembic("upgrade", "head")
    said = "".join(run.communicate(timeout=30))
    assert run.returncode != 0
    assert "Can't locate revision identified by 'from_a_branch'" in said and "workshop reset" in said
