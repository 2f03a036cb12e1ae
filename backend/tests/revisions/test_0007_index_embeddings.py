"""0007_index_embeddings: two indexes beside a shop that goes on, and none that is broken after a kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from shop import database
from shop.settings import BACKEND
from workshop import checks, steps


def test_what_it_builds(revision):
    seen = revision.up()
    assert seen.count("index") == 2 and seen.count("table") == seen.count("column") == 0


def test_every_promise_is_kept(revision, connection):
    revision.up()
    report = checks.run(revision.step, connection)
    assert report.kept, str(report)


def test_up_down_up_gives_the_same_and_down_leaves_no_trace(revision):
    revision.up()
    first = revision.look().fingerprint
    revision.down()
    assert revision.leaves_no_trace()
    revision.up()
    assert revision.look().fingerprint == first


def alembic(settings, *words):
    environment = {**os.environ, "DATABASE_URL": settings.database_url.render_as_string(hide_password=False)}
    program = Path(sys.executable).with_name("alembic")
    return subprocess.Popen(
        [program, *words], cwd=BACKEND, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_killed_in_the_middle_and_run_again(revision):
    """The build waits for an older transaction, so the kill hits it when the first index is there and invalid."""
    invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid"
    with database.connect(revision.settings) as older:
        older.exec_driver_sql("BEGIN; SELECT count(*) FROM product_passages; UPDATE products SET price = price")
        run = alembic(revision.settings, "upgrade", "0007")
        deadline = time.monotonic() + 30
        while revision.run(invalid) != [(1,)] and time.monotonic() < deadline:
            time.sleep(0.05)
        run.send_signal(signal.SIGKILL)
        run.communicate()
        revision.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alembic'")
        older.rollback()
    assert revision.run(invalid) == [(1,)]
    assert steps.current(revision.settings) == revision.step.before
    revision.up()
    assert revision.run(invalid) == [(0,)]
    again = revision.look().fingerprint
    revision.down()
    revision.up()
    assert revision.look().fingerprint == again


def test_two_upgrades_at_once_both_finish(revision):
    runs = [alembic(revision.settings, "upgrade", "0007") for _ in range(2)]
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
