"""0010_embed_documents: a vector of two halves for every chunk, and ordinary rows without one."""

import io
import math

import pytest
from alembic import command
from pgvector import Vector

from shop import ai
from shop.ai.azure import DEPLOYMENT
from workshop import chain, checks

OWN = """
    WITH mine AS (INSERT INTO documents (file, title, kind, body) VALUES ('mine.md', 'Mine', 'guide', 'My own text.') RETURNING id)
    INSERT INTO chunks (document_id, position, heading, body) SELECT id, 1, 'Mine', 'My own text.' FROM mine RETURNING id
"""
NEAREST = """
    SELECT d.file, c.heading, c.body, 1 - (e.embedding <=> CAST(:asked AS vector)) AS likeness
    FROM chunk_embeddings e JOIN chunks c ON c.id = e.chunk_id JOIN documents d ON d.id = c.document_id
    WHERE {condition} ORDER BY e.embedding <=> CAST(:asked AS vector), c.id LIMIT 1
"""
IN_FORCE = "d.deleted_at IS NULL AND d.superseded_by_id IS NULL"


def test_up_down_up_gives_the_same_and_down_leaves_no_trace(revision, connection):
    seen = revision.up()
    assert seen.count("table") == 1 and seen.rows("chunk_embeddings") == 226
    report = checks.run(revision.step, connection)
    assert report.kept, str(report)
    first = revision.look().fingerprint
    revision.down()
    assert revision.leaves_no_trace()
    revision.up()
    assert revision.look().fingerprint == first


def test_the_halves_are_those_of_the_two_texts_and_the_whole_is_their_mean(revision):
    revision.up()
    title, heading, body, whole = revision.run(
        "SELECT d.title, c.heading, c.body, e.embedding::text FROM chunk_embeddings e JOIN chunks c ON c.id = e.chunk_id "
        "JOIN documents d ON d.id = c.document_id WHERE d.file = 'price-match.md' ORDER BY c.id LIMIT 1 OFFSET 1"
    )[0]
    first, second, asked = ai.provider().embed([f"{title}: {heading}", body, "Is it cheaper elsewhere?"])
    found = Vector.from_text(whole).to_numpy()
    assert found[:384] * math.sqrt(2) == pytest.approx(first, abs=1e-4)
    assert found[384:] * math.sqrt(2) == pytest.approx(second, abs=1e-4)
    twice = [*asked, *asked] / (asked.dtype.type(math.sqrt(2)))
    assert found @ twice == pytest.approx((asked @ first + asked @ second) / 2, abs=1e-4)


def test_the_withdrawn_policy_is_the_nearest_and_a_hidden_document_leaves_the_answers(revision):
    revision.up()
    [vector] = ai.provider().embed(["Who pays for the return parcel?"])
    asked = Vector([*vector, *vector]).to_text()
    [wrong] = revision.run(NEAREST.format(condition="true"), asked=asked)
    [right] = revision.run(NEAREST.format(condition=IN_FORCE), asked=asked)
    assert (wrong.file, right.file) == ("returns-policy-2023.md", "returns-policy-2026.md")
    assert "The buyer pays" in wrong.body and "We pay for the label" in right.body
    assert wrong.likeness > right.likeness
    revision.run("UPDATE documents SET deleted_at = now() WHERE file = 'returns-policy-2026.md'")
    [other] = revision.run(NEAREST.format(condition=IN_FORCE), asked=asked)
    assert other.file != right.file and other.likeness < right.likeness


def test_a_chunk_may_come_without_a_vector_and_takes_its_vector_along(revision, connection):
    revision.up()
    [(key,)] = revision.run(OWN)
    report = str(checks.run(revision.step, connection))
    assert f"no vector of chunk {key} (mine.md > Mine)" in report and "BROKEN" in report
    revision.run("DELETE FROM documents WHERE file = 'mine.md' OR file = 'price-match.md'")
    report = checks.run(revision.step, connection)
    assert report.kept, str(report)


def test_a_row_of_ones_own_is_embedded_too(revision):
    [(key,)] = revision.run(OWN)
    assert revision.up().rows("chunk_embeddings") == 227
    assert revision.run("SELECT dimension FROM chunk_embeddings WHERE chunk_id = :key", key=key) == [(768,)]


@pytest.mark.parametrize("provider", ai.PROVIDERS)
def test_the_script_of_sql(revision, monkeypatch, provider):
    monkeypatch.setenv("AI_PROVIDER", provider)
    monkeypatch.setenv(DEPLOYMENT, "small")
    config, script = chain.alembic_config(), io.StringIO()
    config.output_buffer = script
    command.upgrade(config, "0009:0010", sql=True)
    said = "-- op.embed('chunk_embeddings'): left out. The local model runs in Python"
    assert (said in script.getvalue()) == (provider == "local")
    assert script.getvalue().count("azure_openai.create_embeddings(") == (2 if provider == "azure" else 0)
