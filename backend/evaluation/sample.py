"""A figure with its 95% interval: what it would have been with other queries, or other products, of the same kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 10_000
SEED = 20260101

Floats = NDArray[np.float64]


class Figure(NamedTuple):
    """value: of the whole sample; low, high: the middle 95% of the values of DRAWS samples drawn from it."""

    value: float
    low: float
    high: float


def figure(units: ArrayLike, formula: Callable[[Floats], Any]) -> Figure:
    """Return a figure and its interval by bootstrap over units.

    Args:
        units: numbers to be added up, shape (units, numbers): a row for each query, or for each product.
        formula: turns sums of shape (..., numbers) into figures of shape (...). Where it divides 0 by 0 (a sample
            without a single negative mention, say) the sample does not count.

    Raises:
        ValueError: there is no unit.
    """
    rows = np.asarray(units, dtype=np.float64)
    if not len(rows):
        raise ValueError("There is nothing to measure: not one query or product.")
    with np.errstate(invalid="ignore", divide="ignore"):
        value, drawn = formula(rows.sum(axis=0)), formula(_drawn(len(rows)) @ rows)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Figure(float(value), float(low), float(high))


@cache
def _drawn(units: int) -> Floats:
    """Return how often each unit stands in each sample, shape (DRAWS, units)."""
    chances = np.full(units, 1 / units)
    return np.random.default_rng(SEED).multinomial(units, chances, size=DRAWS).astype(np.float64)


def mean(values: Sequence[float]) -> Figure:
    """Return the mean of one number per unit."""
    return figure([[value, 1] for value in values], lambda sums: sums[..., 0] / sums[..., 1])
