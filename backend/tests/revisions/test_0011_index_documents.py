"""0011_index_documents: lists that are learned from the rows, and what becomes of them when there are none."""

import logging

import pytest
import sqlalchemy as sa

from workshop import checks, steps
from workshop.checks import s0011_index_documents as promised

NAME = promised.NAME
BY_HAND = f"CREATE INDEX {NAME} ON chunk_embeddings USING ivfflat (embedding vector_cosine_ops) WITH (lists = {{}})"


def test_up_down_up_gives_the_same_and_down_leaves_no_trace(revision, connection, caplog):
    seen = revision.up()
    assert seen.count("index") == 1 and seen.count("table") == seen.count("column") == 0
    report = checks.run(revision.step, connection)
    assert report.kept, str(report)
    first = revision.look().fingerprint
    revision.down()
    assert revision.leaves_no_trace()
    revision.up()
    assert revision.look().fingerprint == first
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_all_lists_together_find_what_the_search_of_all_rows_finds(revision, connection):
    revision.up()
    answers = []
    for setting in ("enable_indexscan = off", "enable_seqscan = off"):
        connection.exec_driver_sql(f"SET LOCAL {setting}; SET LOCAL ivfflat.probes = 15")
        answers.append(set(connection.execute(sa.text(promised.NEAREST)).all()))
        connection.rollback()
    assert len(answers[0]) == 2260 and answers[0] == answers[1]


def test_built_on_an_empty_table_it_is_a_trap_that_is_said_found_and_mended(revision, connection, caplog):
    revision.run("CREATE TABLE kept AS TABLE chunk_embeddings; DELETE FROM chunk_embeddings")
    revision.up()
    said = [record.message for record in caplog.records if record.name == "alembic.operations.build_index"]
    assert said == [f"{NAME}: ivfflat index created with little data: This will cause low recall."]
    revision.run("INSERT INTO chunk_embeddings SELECT * FROM kept")
    trap = {promise.promise: promise.kept for promise in checks.run(revision.step, connection).results}
    assert list(trap.values()) == [True, True, True, False]
    revision.run(f"REINDEX INDEX {NAME}")
    report = checks.run(revision.step, connection)
    assert report.kept, str(report)


def test_run_again_it_keeps_the_same_index_and_refuses_another(revision):
    revision.run(BY_HAND.format(200))
    with pytest.raises(steps.StepError, match=rf"An index {NAME} is there and is another one .*lists='200'"):
        revision.up()
    revision.run(f"DROP INDEX {NAME}")
    revision.run(BY_HAND.format(15))
    before = revision.run("SELECT to_regclass(:name)::oid", name=NAME)
    revision.up()
    assert revision.run("SELECT to_regclass(:name)::oid", name=NAME) == before
