"""The search against the judged queries of data/gold/queries.csv."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import sqlalchemy as sa

from evaluation import sample
from shop.search import KINDS, Settings, search
from workshop import export

ALL = "all"
DEPTH = 10  # products that are looked at
Ranks = Mapping[int, int | None]

# What the cross-validation may choose from.
CHOICES = [
    Settings(fusion=fusion, weights=weights)
    for weights, fusion in product(
        [Settings().weights, (0.1, 0.2, 0.4, 1.0)],  # ours, and the ones PostgreSQL's ts_rank takes by itself
        [1.0, 5.0, 20.0, 60.0],
    )
]


@dataclass(frozen=True)
class Query:
    """A query and the products that answer it."""

    query_id: int
    kind: str
    text: str
    relevant: frozenset[int]


def judged() -> list[Query]:
    """Return the judged queries."""
    return [
        Query(
            int(row["query_id"]),
            row["kind"],
            row["query"],
            frozenset(int(key) for key in row["relevant_product_ids"].split()),
        )
        for row in export.rows("gold/queries.csv")
    ]


def first_rank(found: Iterable[int], relevant: frozenset[int]) -> int | None:
    """Return the place, from 1, of the first product that answers; None when none of the first DEPTH does."""
    places = (place for place, key in enumerate(found, start=1) if key in relevant and place <= DEPTH)
    return next(places, None)


def ranks(connection: sa.Connection, way: str, queries: Sequence[Query], settings: Settings) -> dict[int, int | None]:
    """Return, for each query, the place of the first product that answers."""
    found = {}
    for one in queries:
        hits = search(connection, way, one.text, limit=DEPTH, settings=settings)
        found[one.query_id] = first_rank((hit.product_id for hit in hits), one.relevant)
    return found


def figures(queries: Sequence[Query], found: Ranks) -> dict[str, dict[str, sample.Figure]]:
    """Return hit@1, hit@3 and mrr@10, each with its interval, for each kind of query and for all.

    hit@n is the share of queries with an answer among the first n products; mrr@10 the mean of 1 / place of the first
    answer, 0 where it is not among the first ten.
    """
    table = {}
    for kind in [*dict.fromkeys(one.kind for one in queries), ALL]:
        places = [found[one.query_id] for one in queries if kind in (one.kind, ALL)]
        table[kind] = {
            "hit@1": sample.mean([place == 1 for place in places]),
            "hit@3": sample.mean([place is not None and place <= 3 for place in places]),
            "mrr@10": sample.mean([1 / place if place else 0 for place in places]),
        }
    return table


def left_out(queries: Sequence[Query], by_choice: Sequence[Ranks]) -> dict[int, int | None]:
    """Return each query's rank under the choice that is best, by hit@3 and then mrr@10, for all the other queries."""

    def worth(found: Ranks, left: int) -> tuple[float, float]:
        places = [place for query_id, place in found.items() if query_id != left and place]
        return sum(place <= 3 for place in places), sum(1 / place for place in places)

    return {one.query_id: max(by_choice, key=lambda found: worth(found, one.query_id))[one.query_id] for one in queries}


def measure(connection: sa.Connection) -> dict[str, Any]:
    """Measure every way to search, and the hybrid one with settings chosen without the query that is asked."""
    queries = judged()
    found = {way: ranks(connection, way, queries, Settings()) for way in KINDS}
    by_choice = [ranks(connection, "hybrid", queries, choice) for choice in CHOICES]
    return {
        "queries": {
            kind: sum(kind in (one.kind, ALL) for one in queries) for kind in figures(queries, found["vector"])
        },
        "ways": {way: figures(queries, places) for way, places in found.items()},
        "cross-validated": figures(queries, left_out(queries, by_choice)),
        "choices": [hits(places) for places in by_choice],
        "missed": {
            way: [one.query_id for one in queries if (places[one.query_id] or DEPTH) > 3]
            for way, places in found.items()
        },
    }


def hits(found: Ranks) -> float:
    """Return hit@3 in all."""
    return sum(place is not None and place <= 3 for place in found.values()) / len(found)
