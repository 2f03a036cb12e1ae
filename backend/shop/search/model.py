"""What a search takes and gives, and the model that reads the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shop import ai
from shop.ai import ModelError

LONGEST = 1000  # characters of a query that are read


class Reader(Protocol):
    """A model that turns texts into vectors of length 1, here and now."""

    @property
    def model(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


@dataclass(frozen=True)
class Hit:
    """A product that was found.

    score: higher is better; scores of two kinds of search, or of two queries, cannot be compared.
    passage: the piece of the product's text that answers best; None for a product that has no passages yet.
    """

    product_id: int
    score: float
    passage: str | None


@dataclass(frozen=True)
class Settings:
    """The numbers of the search; `make eval` shows what others would do.

    weights: what a word counts in the reviews, in the description, in specifications and features, in name, brand and
        category: the order in which PostgreSQL's ts_rank takes them.
    saturation: the k1 of BM25, at its usual 1.2 where a word of the description counts 1: the larger, the more a word's
        second and third occurrence count.
    length: the b of BM25, 0 to 1, here at its usual value: the larger, the less a word counts in a long text.
    reviews: how many of a product's nearest reviews speak for it.
    fusion: the k of reciprocal rank fusion; a small one lets the top of each ranking decide.
    candidates: products whose details the hybrid search reads.
    """

    weights: tuple[float, float, float, float] = (0.025, 0.25, 0.5, 1.0)
    saturation: float = 0.3
    length: float = 0.75
    reviews: int = 3
    fusion: float = 5
    candidates: int = 20


@cache
def usual_reader() -> Reader:
    """Return the model that the settings ask for, loaded once.

    Raises:
        ModelError: it runs inside the database, or a setting is missing.
    """
    one = ai.provider()
    if not hasattr(one, "embed"):
        raise ModelError(
            "AI_PROVIDER is azure, and the search reads the query on this machine: set AI_PROVIDER to local, and embed "
            "the catalog with the same model."
        )
    return one


def readable(query: str) -> str:
    """Return the query as PostgreSQL takes it: no NUL, no half characters, at most LONGEST characters."""
    whole = query[:LONGEST].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", " ").strip()
