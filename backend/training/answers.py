"""The held-out answers: which features a model finds in reviews of products that it has not learned from, and how."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.ai.reader import SENTIMENTS, surest
from training.texts import Text

THRESHOLDS = np.arange(0.1, 0.95, 0.01)
COOLINGS = np.arange(1, 4, 0.1)


@dataclass(frozen=True)
class Answer:
    """What a model says of a review.

    said: how likely it is that the review speaks of each feature, 0 to 1, shape (features,); how: the shares of the
    SENTIMENTS, shape (features, 3).
    """

    text: Text
    said: NDArray[np.float32]
    how: NDArray[np.float32]

    def shares(self, place: int, cooling: float) -> NDArray[np.float32]:
        """Return the shares for the feature at a place, less sure of themselves the larger `cooling` is; 1 changes
        nothing."""
        powers = np.power(np.maximum(self.how[place], 1e-12), 1 / cooling)
        return np.asarray(powers / powers.sum(), np.float32)

    def sentiment(self, place: int, cooling: float) -> str:
        """Return the sentiment of the feature at a place, as the reader decides it."""
        return surest(self.shares(place, cooling))[0]


def best_threshold(answers: Iterable[Answer]) -> float:
    """Return the likelihood above which a mention is believed: that with the highest F1 over all pairs."""
    answers = list(answers)
    said = np.stack([one.said for one in answers])
    true = np.zeros(said.shape, bool)
    for row, one in zip(true, answers, strict=True):
        row[list(one.text.said)] = True
    scores = [2 * (true & (said > at)).sum() / max(1, true.sum() + (said > at).sum()) for at in THRESHOLDS]
    return float(THRESHOLDS[int(np.argmax(scores))])


def best_cooling(answers: Iterable[Answer]) -> float:
    """Return the cooling by which the shares fit best: with it, the labelled sentiments are likeliest."""
    labelled = [
        (one, place, SENTIMENTS.index(said.sentiment)) for one in answers for place, said in one.text.said.items()
    ]
    likely = [sum(np.log(one.shares(place, by)[true]) for one, place, true in labelled) for by in COOLINGS]
    return float(COOLINGS[int(np.argmax(likely))])


def of_the_others(by_fold: Mapping[int, Sequence[Answer]], choose: Callable[[list[Answer]], float]) -> dict[int, float]:
    """Return for each fold what `choose` makes of the answers of the other folds."""
    return {
        fold: choose([one for other, answers in by_fold.items() if other != fold for one in answers])
        for fold in by_fold
    }


def write(by_fold: Mapping[int, Sequence[Answer]], keys: Sequence[int], mentions: Path, sentiments: Path) -> None:
    """Write the answers as `make eval` reads them.

    Args:
        by_fold: for each fold, the answers of the model that learned from the other folds.
        keys: the ids of the features, in the order of the answers.
        mentions: which features were found; `none` for a review in which none was.
        sentiments: how each labelled mention was read, whether it was found or not.
    """
    limits, coolings = of_the_others(by_fold, best_threshold), of_the_others(by_fold, best_cooling)
    found, read = [], []
    for fold, answers in by_fold.items():
        for one in answers:
            places = np.flatnonzero(one.said > limits[fold])
            found += [(one.text.review_id, keys[place], one.sentiment(place, coolings[fold])) for place in places]
            found += [] if len(places) else [(one.text.review_id, "none", "")]
            read += [(one.text.review_id, keys[place], one.sentiment(place, coolings[fold])) for place in one.text.said]
    _write(mentions, found)
    _write(sentiments, read)


def _write(path: Path, rows: list[tuple[Any, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["review_id", "feature_id", "sentiment"])
        writer.writerows(sorted(rows, key=lambda row: (row[0], str(row[1]).rjust(9))))
