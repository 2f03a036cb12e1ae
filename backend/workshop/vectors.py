"""Four ways to the nearest vectors, measured on tables of any size: exact, ivfflat, HNSW, and HNSW on half precision.

    real, asked = vectors.real(connection), vectors.questions()
    found = vectors.measure(connection, real, asked, rows=10 * len(real))
    vectors.table(found)

A measurement happens inside one transaction that is rolled back: its schema, its table and its indexes are never
committed, so nobody else sees them, and nothing is left of them even when the program is killed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import psycopg
import sqlalchemy as sa
from numpy.typing import NDArray
from pgvector.psycopg import register_vector

from shop.ai.local import Local
from workshop import export

Vectors = NDArray[np.float32]

NEAREST = 10  # how many are asked for
NOISE = 0.5  # length of what is added to a vector of length 1
SEED = 20261121
TIMES = 3  # a question's time is the median of so many
TIE = 1e-6  # two distances that differ by less are equal
MEMORY = "512MB"  # for building: HNSW on 145,300 rows wants about 300


@dataclass(frozen=True)
class Way:
    """A way to the nearest vectors.

    name: of the way; index: what CREATE INDEX says after USING, or nothing; knob, values: the setting of a query that
    trades time for recall, and what to try; half: compare 16-bit numbers instead of 32-bit ones.
    """

    name: str
    index: str = ""
    knob: str = ""
    values: tuple[int, ...] = ()
    half: bool = False

    @property
    def order(self) -> str:
        """What the rows are ordered by."""
        return "embedding::halfvec(384) <=> %(q)s::halfvec(384)" if self.half else "embedding <=> %(q)s"


EXACT = Way("exact")


def ivfflat(rows: int, probes: Sequence[int] = (1, 8, 64)) -> Way:
    """The rows in lists around centres, as many as the root of their number; `probes` of them are looked through."""
    lists = round(math.sqrt(rows))
    return Way("ivfflat", f"ivfflat (embedding vector_cosine_ops) WITH (lists = {lists:d})", "ivfflat.probes",
               tuple(probes))  # fmt: skip


def hnsw(m: int = 16, ef_construction: int = 64, ef_search: Sequence[int] = (10, 40, 200), half: bool = False) -> Way:
    """A graph of neighbours: each row keeps m; `ef_search` candidates are kept in hand while it is walked."""
    on = "(embedding::halfvec(384)) halfvec_cosine_ops" if half else "embedding vector_cosine_ops"
    index = f"hnsw ({on}) WITH (m = {m:d}, ef_construction = {ef_construction:d})"
    return Way("HNSW, halfvec" if half else "HNSW", index, "hnsw.ef_search", tuple(ef_search), half)


def usual(rows: int) -> tuple[Way, ...]:
    """The four ways, HNSW as revision 0007 builds it."""
    return EXACT, ivfflat(rows), hnsw(), hnsw(half=True)


@dataclass(frozen=True)
class Measured:
    """What one way gave at one setting.

    rows: of the table; setting: such as "ef_search = 40"; recall: share of the true nearest ten that was found, 0 to 1,
    where one that is as near as the tenth counts as true; median_ms, p95_ms: of the times of the questions, sent and
    answered; build_seconds: of the index; megabytes: of the index, or of the table when there is none.
    """

    rows: int
    way: str
    setting: str
    recall: float
    median_ms: float
    p95_ms: float
    build_seconds: float
    megabytes: float


# -- vectors and questions ---------------------------------------------------------------------------------------------


def real(connection: sa.Connection) -> Vectors:
    """Return the shop's own vectors, of reviews and passages in the order of their keys: shape (n, 384)."""
    cursor = _cursor(connection)
    cursor.execute("SELECT embedding FROM review_embeddings ORDER BY review_id")
    found = cursor.fetchall()
    cursor.execute("SELECT embedding FROM product_passages ORDER BY product_id, position")
    return np.stack([vector.to_numpy() for (vector,) in found + cursor.fetchall()])


def questions() -> Vectors:
    """Return the vectors of the judged queries in data/gold, texts that stand in no table: shape (78, 384)."""
    return Local().embed([row["query"] for row in export.rows("gold/queries.csv")])


def moved(real: Vectors, rows: int, noise: float = NOISE, seed: int = SEED, everywhere: bool = False) -> Vectors:
    """Return `rows` vectors of length 1, no two alike: the real ones, then copies of them, each moved by noise.

    The noise has the length `noise`. It points where texts differ from each other: it is drawn with the covariance of
    the real vectors. `everywhere` lets it point into all 384 directions alike, in most of which no two texts differ.
    """
    random = np.random.default_rng(seed)
    spread = np.linalg.cholesky(np.cov(real.T) + 1e-9 * np.eye(real.shape[1])).T.astype(np.float32)
    parts = [real]
    for _ in range(math.ceil(rows / len(real)) - 1):
        drawn = random.standard_normal(real.shape, dtype=np.float32)
        drawn = drawn if everywhere else drawn @ spread
        parts.append(_of_length_1(real + noise * _of_length_1(drawn)))
    return np.concatenate(parts)[:rows]


def _of_length_1(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


# -- measuring ---------------------------------------------------------------------------------------------------------


def measure(
    connection: sa.Connection,
    real: Vectors,
    questions: Vectors,
    *,
    rows: int,
    ways: Sequence[Way] | None = None,
    times: int = TIMES,
    everywhere: bool = False,
) -> list[Measured]:
    """Measure each way, at each of its settings, on a table of so many rows; nothing of it is kept.

    Args:
        connection: one that is in no transaction.
        rows: as moved() makes them of the real vectors.
        ways: the four usual ones when None.
        times: how often each question is asked, after one round that does not count.
    """
    found = []
    with _laboratory(connection, moved(real, rows, everywhere=everywhere)) as cursor:
        _, answers = _ask(cursor, EXACT, questions, 1, warm=False)
        tenth = answers[:, -1:] + TIE
        for way in usual(rows) if ways is None else ways:
            with _index(cursor, way) as (seconds, megabytes):
                for value in way.values or (None,):
                    if value is not None:
                        cursor.execute("SELECT set_config(%s, %s, true)", (way.knob, str(value)))
                    spent, answers = _ask(cursor, way, questions, times)
                    recall = float((answers <= tenth).mean())
                    median, p95 = (float(number) for number in np.quantile(spent, (0.5, 0.95)))
                    setting = f"{way.knob.partition('.')[2]} = {value}" if way.knob else ""
                    found.append(Measured(rows, way.name, setting, recall, median, p95, seconds, megabytes))
    return found


def table(found: Sequence[Measured]) -> pd.DataFrame:
    """Return the measurements as a table, rounded to what the measuring is good for."""
    return pd.DataFrame(map(asdict, found)).round(
        {"recall": 3, "median_ms": 2, "p95_ms": 2, "build_seconds": 1, "megabytes": 1}
    )


def curves(found: Sequence[Measured]) -> dict[str, list[tuple[float, float, str]]]:
    """Return for each way the points (median milliseconds, recall, value of the setting), for draw.curves()."""
    return {
        way: [(one.median_ms, one.recall, one.setting.rpartition(" ")[2]) for one in found if one.way == way]
        for way in dict.fromkeys(one.way for one in found)
    }


@contextmanager
def _laboratory(connection: sa.Connection, vectors: Vectors) -> Iterator[psycopg.Cursor]:
    """Fill a table in a schema of its own; roll all of it back at the end."""
    transaction = connection.begin()
    try:
        cursor = _cursor(connection)
        cursor.execute("CREATE SCHEMA vector_laboratory")
        cursor.execute("CREATE TABLE vector_laboratory.vectors (embedding vector(384) NOT NULL)")
        with cursor.copy("COPY vector_laboratory.vectors FROM STDIN (FORMAT BINARY)") as stream:
            stream.set_types(["vector"])
            for vector in vectors:
                stream.write_row((vector,))
        cursor.execute("ANALYZE vector_laboratory.vectors")
        cursor.execute("SELECT set_config('maintenance_work_mem', %s, true)", (MEMORY,))
        yield cursor
    finally:
        transaction.rollback()


@contextmanager
def _index(cursor: psycopg.Cursor, way: Way) -> Iterator[tuple[float, float]]:
    """Build a way's index and take it back afterwards; give the seconds it took and its megabytes."""
    measured = "index_of_vectors" if way.index else "vectors"
    cursor.execute("SAVEPOINT before_index")
    started = time.perf_counter()
    if way.index:  # made of the constants above and of whole numbers
        cursor.execute(f"CREATE INDEX index_of_vectors ON vector_laboratory.vectors USING {way.index}".encode())
    seconds = time.perf_counter() - started if way.index else 0.0
    cursor.execute("SELECT pg_relation_size(('vector_laboratory.' || %s)::regclass)", (measured,))
    [size] = cursor.fetchone() or (0,)
    if way.index:  # on few rows the planner would not take the index, and rightly; here the index is what is measured
        cursor.execute("SET LOCAL enable_seqscan = off")
    try:
        yield seconds, size / 1e6
    finally:
        if not cursor.connection.broken:
            cursor.execute("ROLLBACK TO SAVEPOINT before_index")  # the setting goes with the index


def _ask(
    cursor: psycopg.Cursor, way: Way, questions: Vectors, times: int, warm: bool = True
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Ask every question `times` times; when `warm`, after a round that does not count.

    Returns:
        The milliseconds of each question (median of its times), shape (n,), and the true distances of the rows that
        were found, shape (n, 10), infinite where fewer were.
    """
    nearest = f"SELECT embedding <=> %(q)s FROM vector_laboratory.vectors ORDER BY {way.order} LIMIT {NEAREST}"  # noqa: S608
    spent = np.empty((times, len(questions)))
    found = np.full((len(questions), NEAREST), np.inf)
    for turn in range(-1 if warm else 0, times):
        for number, question in enumerate(questions):
            started = time.perf_counter()
            rows = cursor.execute(nearest.encode(), {"q": question}).fetchall()
            if turn >= 0:
                spent[turn, number] = (time.perf_counter() - started) * 1000
                found[number, : len(rows)] = sorted(distance for (distance,) in rows)
    return np.median(spent, axis=0), found


def _cursor(connection: sa.Connection) -> psycopg.Cursor:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    register_vector(driver)
    return driver.cursor()
