"""The local reader: which features a review speaks of, how, and in which words; and how it sounds as a whole.

    Reader().read(["Great sound\nThe battery dies at noon."], ["Battery life: How long it runs between two charges."])

It knows no list of words and has learned from no example. A text is cut into clauses; a clause speaks of a feature when
their vectors are near enough, and it is good or bad by which of a few plain sentences it is nearer to. Both are weak:
near is not the same opinion, and a feature that is only hinted at is seldom near.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shop.ai.local import Local

NEAR = 0.38  # the cosine from which on a clause is taken to speak of a feature
SHARP = 14.0  # how much a difference of cosines counts: larger means surer of itself
EVEN = 0.01  # a clause whose shares differ by less is neutral
ANCHORS = {
    "positive": ("I love it, it works very well.", "It is excellent.", "This is better than I hoped, I am happy."),
    "neutral": ("It is as described.", "It is average, neither good nor bad.", "I use it every day."),
    "negative": ("I hate it, it does not work.", "It is terrible.", "This is a disappointment, I sent it back."),
}
CLAUSE = re.compile(r"\S(?:.*?)(?:[.!?;]+(?=\s|$)|(?=,? (?:but|although|though|however|while)\b)|$)", re.MULTILINE)

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class Mention:
    """A review speaks of a feature.

    feature: its place in the list of features that was given, from 0; sentiment: positive, negative or neutral;
    score: how sure the reader is of that sentiment, 0 to 1; clause: the words that say it, as they stand in the text.
    """

    feature: int
    sentiment: str
    score: float
    clause: str


@dataclass(frozen=True)
class Reading:
    """What a review says: its sentiment as a whole (positive, neutral, negative or mixed), three shares that sum to 1,
    and at most one mention of each feature."""

    sentiment: str
    positive: float
    neutral: float
    negative: float
    mentions: tuple[Mention, ...]


class Reader:
    """The provider `local`.

    provider, model: what is stored beside each result; recipe: what else decides on it, the key of the cache.
    """

    provider = "local"
    model = "MiniLM clauses"
    recipe = f"{Local.recipe} near {NEAR} sharp {SHARP} even {EVEN} 1"

    def __init__(self, encoder: Local | None = None) -> None:
        self._encoder = encoder or Local()

    def read(self, texts: Sequence[str], features: Sequence[str]) -> list[Reading]:
        """Read every text.

        Args:
            texts: title, newline, body; any language, any length, also empty.
            features: "Name: description".

        Returns:
            A Reading for each text, in the same order.

        Raises:
            ModelError: the model is missing or damaged.
        """
        clauses = [[found.group().strip() for found in CLAUSE.finditer(text)] for text in texts]
        every = list(dict.fromkeys(clause for some in clauses for clause in some))
        vectors = dict(zip(every, self._encoder.compute(every), strict=True))
        wanted = self._encoder.embed(features)
        anchors = [self._encoder.embed(sentences) for sentences in ANCHORS.values()]
        return [_reading(some, [vectors[one] for one in some], wanted, anchors) for some in clauses]


def _reading(clauses: list[str], vectors: list[Vectors], features: Vectors, anchors: list[Vectors]) -> Reading:
    if not clauses:
        return Reading("neutral", 0.0, 1.0, 0.0, ())
    stacked = np.stack(vectors)
    shares = _shares(stacked, anchors)
    near = stacked @ features.T
    mentions = []
    for place, best in enumerate(near.argmax(axis=0) if len(features) else ()):
        if near[best, place] >= NEAR:
            sentiment, score = _surest(shares[best])
            mentions.append(Mention(place, sentiment, score, clauses[best]))
    positive, neutral, negative = (float(share) for share in shares.mean(axis=0))
    sounds = {_surest(share)[0] for share in shares}
    mixed = {"positive", "negative"} <= sounds and abs(positive - negative) < 0.1
    return Reading("mixed" if mixed else _surest(shares.mean(axis=0))[0], positive, neutral, negative, tuple(mentions))


def _shares(clauses: Vectors, anchors: list[Vectors]) -> Vectors:
    """Return how much each clause is positive, neutral and negative: shape (clauses, 3), each row sums to 1."""
    cosines = np.stack([(clauses @ some.T).mean(axis=1) for some in anchors], axis=1)
    powers = np.exp(SHARP * (cosines - cosines.max(axis=1, keepdims=True)))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def _surest(shares: Vectors) -> tuple[str, float]:
    """Return the sentiment of shares (3,): good against bad decides, as what is said of a thing is seldom neither."""
    positive, _, negative = map(float, shares)
    surer = max(positive, negative) / (positive + negative)
    if abs(positive - negative) < EVEN:
        return "neutral", 1 - surer
    return ("positive" if positive > negative else "negative"), surer
