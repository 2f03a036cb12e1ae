"""The four kinds of search."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from pgvector.sqlalchemy import Vector

from shop.search import statements
from shop.search.model import Hit, Reader, Settings, readable, usual_reader

USUAL = Settings()


def keyword_and(connection: sa.Connection, query: str, *, limit: int = 10, settings: Settings = USUAL) -> list[Hit]:
    """Return products whose text holds all words of the query; "quotes", or and -minus work as in a web search."""
    return _hits(connection, statements.KEYWORD_AND, query=query, limit=limit, weights=list(settings.weights))


def keyword_or(connection: sa.Connection, query: str, *, limit: int = 10, settings: Settings = USUAL) -> list[Hit]:
    """Return products whose text holds any word of the query, those with rare words first (BM25)."""
    return _hits(
        connection,
        statements.KEYWORD_OR,
        query=query,
        limit=limit,
        weights=list(settings.weights),
        saturation=settings.saturation,
        length=settings.length,
    )


def vector(
    connection: sa.Connection, query: str, *, limit: int = 10, settings: Settings = USUAL, reader: Reader | None = None
) -> list[Hit]:
    """Return the products with the passages nearest to the query in meaning; the score is their cosine.

    Raises:
        ModelError: the model is missing, or does not run here.
    """
    del settings  # the other kinds have some
    return _hits(connection, statements.VECTOR, query=query, limit=limit, **_read(query, reader))


def hybrid(
    connection: sa.Connection, query: str, *, limit: int = 10, settings: Settings = USUAL, reader: Reader | None = None
) -> list[Hit]:
    """Return products by words, by passages, by reviews and, among the best of those, by their details.

    The statement fuses the first three rankings and brings the candidates. A passage is about many things; a sentence
    that says just what was asked for is lost in it. So the model then reads each candidate's sentences, and the best
    of them makes the fourth ranking. Their vectors come from the cache; the first queries of a catalog take longer.
    There are never more hits than candidates, and the first hits are the same whatever the limit.

    Raises:
        ModelError: the model is missing, or does not run here.
    """
    if not (query := readable(query)):
        return []
    reader = reader or usual_reader()
    rows = connection.execute(
        _statement(statements.HYBRID),
        {
            "query": query,
            **_read(query, reader),
            "weights": list(settings.weights),
            "saturation": settings.saturation,
            "length": settings.length,
            "reviews": settings.reviews,
            "fusion": settings.fusion,
            "candidates": settings.candidates,
        },
    ).all()
    nearest = _nearest_detail(reader, query, [row.details for row in rows])
    order = sorted(range(len(rows)), key=lambda i: (-nearest[i], rows[i].id))
    places = {rows[i].id: place for place, i in enumerate(order, start=1)}
    hits = [Hit(row.id, float(row.score) + 1 / (settings.fusion + places[row.id]), row.text) for row in rows]
    return sorted(hits, key=lambda hit: (-round(hit.score, 9), hit.product_id))[:limit]


Kind = Callable[..., list[Hit]]
KINDS: dict[str, Kind] = {"keyword-and": keyword_and, "keyword-or": keyword_or, "vector": vector, "hybrid": hybrid}


def search(connection: sa.Connection, kind: str, query: str, **options: Any) -> list[Hit]:
    """Search by the kind of that name; the options are those of its function.

    Raises:
        ValueError: no kind has this name.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no search {kind!r}: choose one of {', '.join(KINDS)}.")
    return KINDS[kind](connection, query, **options)


def _hits(connection: sa.Connection, statement: str, *, query: str, **parameters: Any) -> list[Hit]:
    if not (query := readable(query)):
        return []
    rows = connection.execute(_statement(statement), {"query": query, **parameters})
    return [Hit(product_id, float(score), text) for product_id, score, text in rows]


def _statement(text: str) -> sa.TextClause:
    """Bind the vector as a vector; the connection need not know the type."""
    statement = sa.text(text)
    return statement.bindparams(sa.bindparam("vector", type_=Vector())) if ":vector" in text else statement


def _read(query: str, reader: Reader | None) -> dict[str, Any]:
    """Return the parameters :vector and :model of a query."""
    reader = reader or usual_reader()
    return {"vector": reader.embed([readable(query)])[0], "model": reader.model}


def _nearest_detail(reader: Reader, query: str, details: list[list[str]]) -> list[float]:
    """Return the cosine of the query with the nearest detail of each product; -1 for a product that tells none."""
    texts = sorted({text for one in details for text in one})
    near = reader.embed(texts) @ reader.embed([query])[0] if texts else []
    cosine = {text: round(float(value), 6) for text, value in zip(texts, near, strict=True)}
    return [max((cosine[text] for text in one), default=-1.0) for one in details]
