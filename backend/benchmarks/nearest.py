"""HNSW against the exact search at 100,000 vectors, by the instruments of the vector laboratory."""

from __future__ import annotations

from dataclasses import replace

from benchmarks import Line
from shop import database
from workshop import checkpoints, server, steps, vectors

ROWS = 100_000
TIMES = 5
SEARCH = 120  # hnsw.ef_search; the index is built as 0007 builds it
LEAST, MOST = 0.95, 0.1  # recall at 10; of the exact search's p95


def measure() -> list[Line]:
    """Measure both ways on the same rows, and HNSW once more on rows that were made otherwise, for comparison."""
    settings = server.ensure()
    place = replace(settings, database_url=settings.database_url.set(database="workshop_bench"))
    checkpoints.replace(place, checkpoints.ensure(settings, "0006_embed_catalog", steps.upgrade))
    way = vectors.hnsw(ef_search=[SEARCH])
    asked = vectors.questions()
    with database.connect(place) as connection:
        real = vectors.real(connection)
        connection.rollback()
        exact, near = vectors.measure(connection, real, asked, rows=ROWS, ways=[vectors.EXACT, way], times=TIMES)
        [ball] = vectors.measure(connection, real, asked, rows=ROWS, ways=[way], times=1, everywhere=True)
    checkpoints.drop(place)
    spent = f"{near.p95_ms:.1f} of {exact.p95_ms:.0f} ms; medians {near.median_ms:.1f} and {exact.median_ms:.0f} ms"
    built = (
        f"ef_search = {SEARCH}, {len(asked)} questions, index of {near.megabytes:.0f} MB in {near.build_seconds:.0f} s"
    )
    return [
        Line(f"HNSW, recall@10 at {ROWS:,} vectors", near.recall, least=LEAST, said=built),
        Line(
            f"HNSW, p95 as a share of the exact search's at {ROWS:,}", near.p95_ms / exact.p95_ms, most=MOST, said=spent
        ),
        Line(
            "HNSW, recall@10 when the noise points everywhere", ball.recall, said="no texts look like that; see the lab"
        ),
    ]
