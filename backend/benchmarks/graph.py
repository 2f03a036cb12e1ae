"""op.create_graph against other ways to the same graph, and against itself on catalogs 10 and 100 times as large.

    python -m benchmarks graph

At the catalog's own size: Cypher row by row with a query for each vertex and edge, as tutorials do it, one UNWIND of a
parameter for each label, and the same rows into plain tables with the same keys and indexes. Then the operation alone.
Wanted: 30 times faster than row by row, at most 3 times the time of plain tables (at each size), and a cost that grows
with an exponent of at most 1.1. A time is the best of several runs; only the ratios mean anything.
"""

from __future__ import annotations

import functools
import json
import math
import re
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

import shop.operations  # noqa: F401  registers op.create_graph
from benchmarks import Line
from shop import database
from workshop import chain, checkpoints, server, steps

NAME = "workshop_bench"
SIZES = {1: 9, 10: 3, 100: 2}  # how many times the catalog, and how many runs
FASTER, SLOWER, EXPONENT = 30, 3, 1.1
PATH = "SET LOCAL search_path = public, ag_catalog"


def measure() -> list[Line]:
    """Measure all ways at all sizes."""
    settings = server.ensure()
    place = replace(settings, database_url=settings.database_url.set(database=NAME))
    ready = checkpoints.ensure(settings, "0012_score_sentiment", steps.upgrade)
    took: dict[int, dict[str, float]] = {}
    for size, runs in SIZES.items():
        checkpoints.replace(place, ready)
        with database.connect(place) as connection:
            enlarge(connection, size)
            ways = {"op.create_graph": by_operation, "plain tables": into_plain_tables}
            took[size] = {name: best(connection, way, runs) for name, way in ways.items()}
            if size == 1:
                took[size]["Cypher, UNWIND"] = best(connection, by_unwind, 2)
                took[size]["Cypher, row by row"] = best(connection, row_by_row, 1)
        for name, seconds in took[size].items():
            ratio = seconds / took[size]["op.create_graph"]
            print(f"   {size:>4} x {name:20}{seconds:9.3f} s {ratio:8.1f}", flush=True)
    checkpoints.drop(place)
    return judged(took)


def judged(took: dict[int, dict[str, float]]) -> list[Line]:
    """Return the ratios of the seconds that each way took, by size and way."""
    ours = {size: ways["op.create_graph"] for size, ways in took.items()}
    slower = {size: ours[size] / ways["plain tables"] for size, ways in took.items()}
    said = ", ".join(f"{ratio:.2f} at {size}x" for size, ratio in slower.items())
    exponent = math.log(ours[100] / ours[1]) / math.log(100)
    return [
        Line("op.create_graph, times faster than row by row", took[1]["Cypher, row by row"] / ours[1], least=FASTER),
        Line("op.create_graph, times faster than UNWIND", took[1]["Cypher, UNWIND"] / ours[1]),
        Line("op.create_graph, share of the time of plain tables", max(slower.values()), most=SLOWER, said=said),
        Line("op.create_graph, exponent of its cost to 100 catalogs", exponent, most=EXPONENT),
    ]


def best(connection: sa.Connection, way: Callable[[sa.Connection], None], runs: int) -> float:
    """Return the shortest time of some runs; each is rolled back, so that the next begins where it began."""
    seconds = []
    for _ in range(runs):
        started = time.perf_counter()
        way(connection)
        seconds.append(time.perf_counter() - started)
        connection.rollback()
    return min(seconds)


def enlarge(connection: sa.Connection, size: int) -> None:
    """Put copies of every product, with its reviews and what they mention, beside it; the shoppers write them all."""
    shift = {"products": 1000, "reviews": 10_000}  # more than the catalog has of each
    with connection.begin():
        connection.exec_driver_sql("CREATE EXTENSION age")
        connection.execute(
            sa.text("""
            CREATE TEMPORARY TABLE copy ON COMMIT DROP AS SELECT generate_series(1, CAST(:copies AS integer)) AS n
        """),
            {"copies": size - 1},
        )
        for table, columns in COPIED.items():
            into, values = ", ".join(columns), ", ".join(columns.values())
            connection.execute(
                sa.text(f"INSERT INTO {table} ({into}) SELECT {values} FROM {table} CROSS JOIN copy"), shift
            )
    with connection.begin():
        connection.exec_driver_sql("ANALYZE")


COPIED = {
    "products": {
        "id": "id + n * :products", "name": "name || ' ' || n", "brand": "brand", "category": "category",
        "price": "price", "description": "description",
    },
    "product_features": {"product_id": "product_id + n * :products", "feature_id": "feature_id"},
    "reviews": {
        "id": "id + n * :reviews", "product_id": "product_id + n * :products", "user_id": "user_id", "rating": "rating",
        "title": "title", "body": "body", "reviewed_on": "reviewed_on",
    },
    "review_mentions": {
        "review_id": "review_id + n * :reviews", "feature_id": "feature_id", "sentiment": "sentiment",
        "score": "score", "clause": "clause", "provider": "provider", "model": "model",
    },
}  # fmt: skip


# -- the ways ----------------------------------------------------------------------------------------------------------


def by_operation(connection: sa.Connection) -> None:
    """The revision's own declaration."""
    plan = declared()
    op = Operations(MigrationContext.configure(connection))
    op.create_graph("bench_graph", vertices=plan.VERTICES, edges=plan.EDGES)  # type: ignore[attr-defined]


def into_plain_tables(connection: sa.Connection) -> None:
    """The same queries into tables of their own, with the key and the two indexes that an edge has in AGE, too."""
    plan = declared()
    connection.exec_driver_sql("CREATE SCHEMA plain")
    for label, query in plan.VERTICES.items():
        connection.exec_driver_sql(f'CREATE TABLE plain."{label}" AS {query} WITH NO DATA')
        key = column(connection, f'plain."{label}"', 1)
        connection.exec_driver_sql(f'ALTER TABLE plain."{label}" ADD PRIMARY KEY ({key})')
        connection.exec_driver_sql(f'INSERT INTO plain."{label}" {query}')
    for label, (_, _, query) in plan.EDGES.items():
        table = f'plain."{label}"'
        connection.exec_driver_sql(f"CREATE TABLE {table} AS {query} WITH NO DATA")
        for number in (1, 2):
            connection.exec_driver_sql(f"CREATE INDEX ON {table} ({column(connection, table, number)})")
        connection.exec_driver_sql(
            f"ALTER TABLE {table} ADD COLUMN edge bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
        )
        connection.exec_driver_sql(f"INSERT INTO {table} {query}")


def by_unwind(connection: sa.Connection) -> None:
    """One query for each label; all its rows are one parameter."""
    _through_cypher(connection, lambda query, rows: cypher(connection, f"UNWIND $rows AS row {query}", {"rows": rows}))


def row_by_row(connection: sa.Connection) -> None:
    """One query for each vertex and for each edge, with its values written into it, as public examples do."""

    def each(query: str, rows: list[Any]) -> None:
        for row in rows:
            cypher(connection, re.sub(r"row\.(\w+)", functools.partial(_written, row), query))

    _through_cypher(connection, each)


def _written(row: dict[str, Any], found: re.Match[str]) -> str:
    return json.dumps(row[found[1]])


def _through_cypher(connection: sa.Connection, run: Callable[[str, list[Any]], None]) -> None:
    """Hand every label's query, in which `row.name` is a value, and its rows to `run`."""
    plan = declared()
    connection.exec_driver_sql(PATH)
    connection.exec_driver_sql("SELECT create_graph('bench_graph')")
    keys = {}
    for label, query in plan.VERTICES.items():
        names, rows = fetched(connection, query)
        keys[label] = names[0]
        run(f"CREATE (:{label} {{{_values(names)}}})", rows)
    for label, (start, end, query) in plan.EDGES.items():
        (one, other, *more), rows = fetched(connection, query)
        match = f"MATCH (a:{start} {{{keys[start]}: row.{one}}}), (b:{end} {{{keys[end]}: row.{other}}})"
        run(f"{match} CREATE (a)-[:{label} {{{_values(more)}}}]->(b)", rows)


def _values(names: list[str]) -> str:
    return ", ".join(f"{name}: row.{name}" for name in names)


def cypher(connection: sa.Connection, query: str, parameters: dict[str, Any] | None = None) -> None:
    text = query.replace("%", "%%")  # the driver reads the sign as its own
    given = "" if parameters is None else ", %s"
    connection.exec_driver_sql(
        f"SELECT * FROM cypher('bench_graph', $cypher$ {text} $cypher${given}) AS (nothing agtype)",
        None if parameters is None else (json.dumps(parameters),),
    )


def fetched(connection: sa.Connection, query: str) -> tuple[list[str], list[Any]]:
    found = connection.exec_driver_sql(query)
    return list(found.keys()), [dict(row) for row in found.mappings()]


def column(connection: sa.Connection, table: str, number: int) -> str:
    asked = sa.text("SELECT attname FROM pg_attribute WHERE attrelid = CAST(:table AS regclass) AND attnum = :number")
    return str(connection.scalar(asked, {"table": table, "number": number}))


@functools.cache
def declared() -> Any:
    """Return the module of 0013_build_graph."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(chain.alembic_config()).get_revision("0013_build_graph").module
