"""The instruments of the vector laboratory: the rows they make, what they measure, and that they leave nothing."""

from __future__ import annotations

import numpy as np
import pytest
import sqlalchemy as sa

from shop import database
from workshop import vectors, xray

STEP = "0006_embed_catalog"


@pytest.fixture(scope="module")
def few():
    """200 vectors in 384 directions, of which some matter more than others."""
    drawn = np.random.default_rng(1).standard_normal((200, 384)) / np.arange(1, 385)
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def embedded(at):
    """A connection to a database at the step that embeds the catalog."""
    with database.connect(at(STEP)) as connection:
        yield connection


def test_the_rows_are_the_real_ones_and_copies_moved_by_the_stated_noise(few):
    rows = vectors.moved(few, 950, noise=0.5)
    assert rows.shape == (950, 384) and rows.dtype == np.float32
    assert (rows[:200] == few).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert len(np.unique(rows, axis=0)) == 950
    assert (rows == vectors.moved(few, 950, noise=0.5)).all()  # the same every time
    moved = (few * rows[200:400]).sum(axis=1)
    assert 0.85 < np.median(moved) < 0.95  # noise across has a cosine of 1 / sqrt(1 + 0.5 ** 2) = 0.894


def test_noise_points_where_texts_differ_unless_it_points_everywhere(few):
    def variances(rows):
        return (rows[200:] - few).var(axis=0)

    there, everywhere = (variances(vectors.moved(few, 400, everywhere=one)) for one in (False, True))
    assert there[:10].sum() / there.sum() > 0.7 > 0.3 > everywhere[:10].sum() / everywhere.sum()


def test_measuring_tells_the_ways_apart_and_leaves_nothing(embedded):
    with database.connect() as other:
        before = xray.snapshot(other)
    real, asked = vectors.real(embedded), vectors.questions()[:12]
    embedded.rollback()
    ways = [vectors.EXACT, vectors.ivfflat(1453, [1, 38]), vectors.hnsw(ef_search=[200]), vectors.hnsw(half=True)]
    found = vectors.measure(embedded, real, asked, rows=1453, ways=ways, times=1)
    assert [(one.way, one.setting) for one in found] == [
        ("exact", ""),
        ("ivfflat", "probes = 1"),
        ("ivfflat", "probes = 38"),
        ("HNSW", "ef_search = 200"),
        *[("HNSW, halfvec", f"ef_search = {value}") for value in (10, 40, 200)],
    ]
    recall = [one.recall for one in found]
    assert recall[0] == recall[2] == 1 and recall[1] < 0.8 and recall[3] > 0.98 and recall[4] < recall[6] > 0.95
    full, half = found[3], found[-1]
    assert 0 < half.megabytes < 0.65 * full.megabytes and found[0].build_seconds == 0 < full.build_seconds
    assert all(0 < one.median_ms <= one.p95_ms for one in found)
    with database.connect() as other:
        assert not xray.compare(before, xray.snapshot(other))
    assert embedded.scalar(sa.text("SHOW hnsw.ef_search")) == "40"


def test_a_row_as_near_as_the_tenth_counts_as_found(embedded, few):
    rows = np.concatenate([np.tile(few[:1], (30, 1)), few[1:]])  # 30 rows at exactly the same distance
    [exact, near] = vectors.measure(
        embedded, rows, few[:1], rows=len(rows), ways=[vectors.EXACT, vectors.hnsw(ef_search=[40])], times=1
    )
    assert exact.recall == near.recall == 1


def test_a_measurement_that_fails_leaves_nothing(embedded, few):
    wrong = vectors.Way("wrong", "hnsw (embedding vector_cosine_ops) WITH (m = 1)")
    with pytest.raises(Exception, match="value 1 out of bounds"):
        vectors.measure(embedded, few, few[:1], rows=200, ways=[wrong])
    assert embedded.scalar(sa.text("SELECT to_regnamespace('vector_laboratory')")) is None
