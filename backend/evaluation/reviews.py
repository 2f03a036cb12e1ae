"""What a model reads out of reviews, against data/gold/labels.csv.

A model's answers are plain data: rows of review_id, feature_id and sentiment, in a CSV file with that header or from
any iterable. They should be held out: made by a model that learned from no review of the same product. What is drawn
for an interval is therefore a product with all its reviews, not a review.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evaluation.sample import Figure, Floats, figure
from shop.errors import ExplainedError
from workshop import export

SENTIMENTS = ("positive", "negative", "neutral")
POSITIVE, NEGATIVE, NEUTRAL = SENTIMENTS
Pair = tuple[int, int]
Formula = Callable[[Floats], Floats]


class AnswersError(ExplainedError):
    """The answers of a model cannot be read."""


class Mention(NamedTuple):
    """A review speaks of a feature; feature_id None: it was read and speaks of none."""

    review_id: int
    feature_id: int | None
    sentiment: str


class Review(NamedTuple):
    """What the figures need to know of a review."""

    product_id: int
    rating: int


def read(path: Path) -> list[Mention]:
    """Read a CSV file of review_id, feature_id (or none) and sentiment.

    Raises:
        AnswersError: a column is missing, or a line holds something else.
    """
    found = []
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        if missing := {"review_id", "feature_id", "sentiment"} - set(reader.fieldnames or ()):
            raise AnswersError(f"{path.name} has no column {', '.join(sorted(missing))}: name the columns in line 1.")
        for row in reader:
            feature = row["feature_id"]
            try:
                one = Mention(int(row["review_id"]), None if feature == "none" else int(feature), row["sentiment"])
            except (TypeError, ValueError) as error:
                raise AnswersError(f"{path.name}, line {reader.line_num}: a key is no whole number.") from error
            if one.feature_id is not None and one.sentiment not in SENTIMENTS:
                raise AnswersError(
                    f"{path.name}, line {reader.line_num}: the sentiment is {one.sentiment!r}; "
                    f"write {', '.join(SENTIMENTS[:-1])} or {SENTIMENTS[-1]}."
                )
            found.append(one)
    return found


def gold() -> list[Mention]:
    """Return the labels made by hand."""
    return read(export.GOLD / "labels.csv")


def reviews() -> dict[int, Review]:
    """Return product and stars of each accepted review."""
    return {
        int(row["id"]): Review(int(row["product_id"]), int(row["rating"].strip())) for row in export.accepted("reviews")
    }


def mentions(found: Iterable[Mention], gold: Iterable[Mention], reviews: Mapping[int, Review]) -> dict[str, Figure]:
    """Return precision, recall and F1 of the (review, feature) pairs, all pairs counted alike (micro).

    Only reviews that the gold labels speak of count, those labelled with no feature among them.
    """
    gold = list(gold)
    labelled = {one.review_id for one in gold}
    wanted, given = _pairs(gold), {pair for pair in _pairs(found) if pair[0] in labelled}
    products = {reviews[key].product_id: np.zeros(3) for key in sorted(labelled)}
    for review_id, feature_id in wanted.keys() | given:
        pair = (review_id, feature_id)
        products[reviews[review_id].product_id] += [pair in wanted and pair in given, pair in given, pair in wanted]
    rows = list(products.values())
    return {
        "precision": figure(rows, lambda sums: sums[..., 0] / sums[..., 1]),
        "recall": figure(rows, lambda sums: sums[..., 0] / sums[..., 2]),
        "f1": figure(rows, lambda sums: 2 * sums[..., 0] / (sums[..., 1] + sums[..., 2])),
    }


def sentiment(
    found: Iterable[Mention], gold: Iterable[Mention], reviews: Mapping[int, Review]
) -> dict[str, dict[str, Figure]]:
    """Compare the sentiments of the gold mentions with those that were found, and with two rules that read nothing.

    Returns:
        By name: "reader" (what was found), "majority" (the most frequent sentiment of the other products' mentions),
        "stars" (3 stars or fewer is negative), and "reader - stars", the difference, its interval drawn from the same
        products. For each: accuracy (positive against negative: neutral mentions are left out), f1 of two classes and
        of three (macro: the mean over the classes), and answered, the share of mentions that were given a sentiment.
        A mention that was given none, or neutral where it is not, is wrong.
    """
    wanted, given = _pairs(gold), _pairs(found)
    by_rule = {
        "reader": given,
        "majority": _majority(wanted, reviews),
        "stars": {pair: NEGATIVE if reviews[pair[0]].rating <= 3 else POSITIVE for pair in wanted},
    }
    counts = {name: _confusion(wanted, answers, reviews) for name, answers in by_rule.items()}
    table = {
        name: {measure: figure(rows, formula) for measure, formula in MEASURES.items()} for name, rows in counts.items()
    }
    both = np.concatenate([counts["reader"], counts["stars"]], axis=1)
    table["reader - stars"] = {measure: figure(both, _difference(formula)) for measure, formula in MEASURES.items()}
    return table


def _pairs(mentions: Iterable[Mention]) -> dict[Pair, str]:
    """Return the sentiment of each (review, feature).

    Raises:
        AnswersError: a pair stands there twice with different sentiments.
    """
    pairs: dict[Pair, str] = {}
    for review_id, feature_id, said in mentions:
        if feature_id is not None and pairs.setdefault((review_id, feature_id), said) != said:
            raise AnswersError(
                f"Feature {feature_id} of review {review_id} is both {pairs[review_id, feature_id]} and {said}: "
                "leave one of them."
            )
    return pairs


def _majority(wanted: Mapping[Pair, str], reviews: Mapping[int, Review]) -> dict[Pair, str]:
    """Answer each mention with what is most frequent among the mentions of the other products."""
    own: dict[int, Counter[str]] = defaultdict(Counter)
    for (review_id, _), said in wanted.items():
        own[reviews[review_id].product_id][said] += 1
    every = sum(own.values(), Counter())
    most = {key: max(SENTIMENTS, key=lambda said: every[said] - own[key][said]) for key in own}
    return {pair: most[reviews[pair[0]].product_id] for pair in wanted}


def _confusion(wanted: Mapping[Pair, str], given: Mapping[Pair, str], reviews: Mapping[int, Review]) -> Floats:
    """Count gold against given sentiment: a row for each product, 3 x 4 numbers, the last of four for no answer."""
    products = {key: n for n, key in enumerate(sorted({reviews[pair[0]].product_id for pair in wanted}))}
    counts = np.zeros((len(products), 3, 4))
    for pair, said in wanted.items():
        answer = SENTIMENTS.index(given[pair]) if pair in given else 3
        counts[products[reviews[pair[0]].product_id], SENTIMENTS.index(said), answer] += 1
    return counts.reshape(len(products), 12)


def _difference(formula: Formula) -> Formula:
    """Return the formula of the first half of the numbers, minus that of the second."""
    return lambda sums: formula(sums[..., :12]) - formula(sums[..., 12:])


def _square(sums: Floats) -> Floats:
    square: Floats = sums.reshape(*sums.shape[:-1], 3, 4)
    return square


def _accuracy(sums: Floats) -> Floats:
    two = _square(sums)[..., :2, :]
    right: Floats = np.trace(two, axis1=-2, axis2=-1)
    shares: Floats = right / two.sum(axis=(-2, -1))
    return shares


def _macro_f1(sums: Floats, classes: int) -> Floats:
    told = _square(sums)[..., :classes, :]
    right = np.diagonal(told, axis1=-2, axis2=-1)
    both = told.sum(axis=-1) + told.sum(axis=-2)[..., :classes]
    scores: Floats = np.where(both > 0, 2 * right / np.maximum(both, 1), 0)
    mean: Floats = scores.mean(axis=-1)
    return mean


def _answered(sums: Floats) -> Floats:
    silent: Floats = _square(sums)[..., 3].sum(axis=-1)
    shares: Floats = 1 - silent / sums.sum(axis=-1)
    return shares


MEASURES: dict[str, Formula] = {
    "accuracy": _accuracy,
    "f1 of two": lambda sums: _macro_f1(sums, 2),
    "f1 of three": lambda sums: _macro_f1(sums, 3),
    "answered": _answered,
}
