"""0007_index_embeddings: two indexes beside a shop that goes on, and none that is broken after a kill."""

import contextlib
import random
import signal
import time

import pytest
import sqlalchemy as sa

from shop import database
from workshop import steps


def test_what_it_builds(revision):
    seen = revision.up()
    assert seen.count("index") == 2 and seen.count("table") == seen.count("column") == 0


UNFINISHED = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"


@contextlib.contextmanager
def an_older_transaction(settings):
    """A snapshot that every CREATE INDEX CONCURRENTLY waits for until the block ends."""
    with database.connect(settings) as older:
        older.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        older.exec_driver_sql("SELECT count(*) FROM products")
        yield


def test_killed_in_the_middle_and_run_again(revision, alembic):
    """The build waits for an older transaction, so the kill hits it when the first index is there and invalid."""
    with an_older_transaction(revision.settings):
        run = alembic("upgrade", "0007")
        deadline = time.monotonic() + 30
        while revision.run(UNFINISHED) != [(1,)] and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        revision.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alembic'")
    assert revision.run(UNFINISHED) == [(1,)]
    assert steps.current(revision.settings) == revision.step.before
    revision.up()
    assert revision.run(UNFINISHED) == [(0,)]
    again = revision.look().fingerprint
    revision.down()
    revision.up()
    assert revision.look().fingerprint == again


@pytest.mark.slow
def test_killed_ten_times_a_rerun_ends_as_an_undisturbed_one(revision, alembic):
    """By turns the build hangs on an older transaction when the kill comes, and the kill comes at any moment.

    The server's process is left to itself: it builds on, or ends when it notices, while the rerun begins. About a minute.
    """
    revision.up()
    undisturbed = revision.look().fingerprint
    revision.down()
    chance, broken = random.Random(20261121), 0
    for turn in range(10):
        with an_older_transaction(revision.settings) if turn % 2 else contextlib.nullcontext():
            run = alembic("upgrade", "0007")
            for line in run.stderr:
                if "-> 0007_index_embeddings" in line:
                    break
            time.sleep(0.5 if turn % 2 else chance.uniform(0, 0.5))
            run.send_signal(signal.SIGKILL)
            run.wait()
            broken += steps.current(revision.settings) == revision.step.before
        again = alembic("upgrade", "0007")
        said = again.communicate(timeout=120)[1]
        assert again.returncode == 0, said
        assert revision.look().fingerprint == undisturbed
        assert revision.run(UNFINISHED) == [(0,)]
        revision.down()
    assert broken >= 5, "too few kills hit the middle of the revision to prove anything"


def test_two_upgrades_at_once_both_finish(revision, alembic):
    runs = [alembic("upgrade", "0007") for _ in range(2)]
    ends = [(run.communicate(timeout=120)[1], run.returncode) for run in runs]
    assert [code for _, code in ends] == [0, 0], ends
    assert sum("-> 0007_index_embeddings" in said for said, _ in ends) == 1


def test_an_index_of_the_same_definition_is_kept(revision):
    name = "ix_product_passages_embedding"
    revision.run(
        f"CREATE INDEX {name} ON product_passages USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)"
    )
    before = revision.run("SELECT to_regclass(:name)::oid", name=name)
    revision.up()
    assert revision.run("SELECT to_regclass(:name)::oid", name=name) == before


@pytest.mark.parametrize(
    "other",
    [
        "ON product_passages USING hnsw (embedding vector_l2_ops) WITH (m = 16, ef_construction = 64)",
        "ON product_passages USING hnsw (embedding vector_cosine_ops)",
        "ON review_embeddings USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)",
        "ON product_passages (model)",
    ],
)
def test_an_index_of_another_definition_is_an_error(revision, other):
    revision.run(f"CREATE INDEX ix_product_passages_embedding {other}")
    before = revision.look().fingerprint
    with pytest.raises(steps.StepError, match="An index ix_product_passages_embedding is there and is another one"):
        revision.up()
    assert revision.look().fingerprint == before


def test_the_search_by_index_finds_what_the_search_of_all_rows_finds(revision, connection):
    revision.up()
    nearest = sa.text("""
        SELECT b.review_id FROM review_embeddings a CROSS JOIN LATERAL (
            SELECT review_id FROM review_embeddings n ORDER BY n.embedding <=> a.embedding LIMIT 10) AS b
        WHERE a.review_id = :id
    """)
    found = wanted = 0
    for number in range(1, 1000, 50):
        answers = []
        for avoided in ("enable_indexscan", "enable_seqscan"):
            connection.exec_driver_sql(f"SET LOCAL {avoided} = off")
            answers.append(set(connection.scalars(nearest, {"id": number})))
            connection.rollback()
        exact, near = answers
        found, wanted = found + len(exact & near), wanted + len(exact)
    assert wanted > 100 and found / wanted >= 0.95
