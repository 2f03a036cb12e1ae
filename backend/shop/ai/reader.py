"""The local reader: which features a review speaks of, how, and in which words; and how it sounds as a whole.

    Reader().read(["Great sound\nThe battery dies at noon."], ["Battery life: How long it runs between two charges."])

all-MiniLM-L6-v2, trained further. A review goes through the model once. Then every feature looks at every token: the
nearer a token's numbers are to the feature's vector, the more the feature attends to it. What it attends to decides
whether the review speaks of it, how, and which clause says so. A feature is known by its description alone, so that the
reader can be asked for features that it has never met.

What was learned lies beside this module in reader.npz; `make train` makes it (training/). The reader knows what was
praised in the reviews of other products, and errs: the page docs/reference/figures.md says how often.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.ai import weights
from shop.ai.encoder import Encoder
from shop.ai.errors import ModelError
from shop.ai.local import Local

LEARNED = Path(__file__).with_name("reader.npz")
SHA256 = "8b903d30faf2d51953062d0f6f982b785481ecde2e71d285a151f85e143bf999"  # of that file

# Products of the shop whose reviews were kept out of the training: an honest measure looks at these.
KEPT_OUT = frozenset({1, 15, 19, 22, 24, 27, 31, 32, 37, 47, 51, 52, 58, 66})

SENTIMENTS = ("negative", "positive", "neutral")  # the order of the model's shares
MIXED = 0.3  # a review that praises and blames is mixed, unless one of the two outweighs the other by this much
CLAUSE = re.compile(r"\S(?:.*?)(?:[.!?;]+(?=\s|$)|(?=,? (?:but|although|though|however|while)\b)|$)", re.MULTILINE)

Array = NDArray[np.float32]


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


@dataclass(frozen=True)
class Listed:
    """What the catalog lists for the product that a review is about: places of features, from 0.

    own: the features of the product itself; kin: those of the other products of its category. A review seldom speaks
    of anything else, and the reader asks for a clearer word before it believes that one does.
    """

    own: frozenset[int] = frozenset()
    kin: frozenset[int] = frozenset()


class Reader:
    """The provider `local`.

    provider, model: what is stored beside each result; recipe: what else decides on it, the key of the cache.
    """

    provider = "local"
    model = "MiniLM reader"
    recipe = f"{Local.recipe} {SHA256[:12]} 1"

    def __init__(self, local: Local | None = None) -> None:
        self._local = local or Local()
        self._encoder = Encoder(lambda: weights.trained_further(f"reader-{SHA256[:12]}", lambda: self._learned.changes))

    def read(
        self, texts: Sequence[str], features: Sequence[str], listed: Sequence[Listed | None] | None = None
    ) -> list[Reading]:
        """Read every text.

        Args:
            texts: title, newline, body; any length, also empty. The model reads the first 190 words or so, and was
                trained on English.
            features: "Name: description".
            listed: what the catalog says of each text's product; None, for all or for one: nothing is known.

        Returns:
            A Reading for each text, in the same order.

        Raises:
            ModelError: the model, or what was learned, is missing or damaged.
        """
        learned = self._learned
        wanted = self._wanted(features)
        questions = [Question(wanted, learned.expected(len(features), one)) for one in listed or [None] * len(texts)]
        found: list[Reading] = [NOTHING] * len(texts)

        def understand(i: int, tokens: Any, states: Array) -> None:
            if clauses := _clauses(texts[i], tokens.offsets):
                found[i] = _reading(learned, states, questions[i], clauses)

        self._encoder.each(texts, understand)
        return found

    def _wanted(self, features: Sequence[str]) -> Array:
        """Return what is looked for, shape (features, 768): the vector of a description, and of the name alone."""
        names = [feature.split(": ")[0] for feature in features]
        return np.hstack([self._local.embed(features), self._local.embed(names)])

    @cached_property
    def _learned(self) -> Learned:
        return Learned.load()


NOTHING = Reading("neutral", 0.0, 1.0, 0.0, ())


# -- what was learned ------------------------------------------------------------------------------------------------


class Learned:
    """The arrays of reader.npz: what the training changed in the model, and the head that it put on top."""

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = {name: np.asarray(array, np.float32) for name, array in arrays.items() if "|" not in name}
        # the changes are kept in one byte each, with a scale for each row
        self.changes: dict[str, Array] = {
            name.removesuffix("|byte"): array.astype(np.float32) * arrays[name.removesuffix("byte") + "scale"]
            for name, array in arrays.items()
            if name.endswith("|byte")
        }

    @classmethod
    def load(cls) -> Learned:
        """Read the file.

        Raises:
            ModelError: it is missing, or not the one that this version was made with.
        """
        try:
            found = hashlib.sha256(LEARNED.read_bytes()).hexdigest()
        except OSError as error:
            raise ModelError(f"What the reader learned cannot be read ({error}): check the file out again.") from error
        if found != SHA256:
            raise ModelError(f"{LEARNED.name} is not the file that this version was made with: check it out again.")
        with np.load(LEARNED, allow_pickle=False) as arrays:
            return cls(dict(arrays))

    def __getattr__(self, name: str) -> Array:
        try:
            return self._arrays[name]
        except KeyError:
            raise AttributeError(name) from None

    def layer(self, name: str, x: Array) -> Array:
        """Two linear layers with GELU between them."""
        inner = x @ self._arrays[f"{name}1_weight"].T + self._arrays[f"{name}1_bias"]
        return np.asarray(_gelu(inner) @ self._arrays[f"{name}2_weight"].T + self._arrays[f"{name}2_bias"], np.float32)

    def expected(self, features: int, listed: Listed | None) -> Array:
        """Return how much the catalog speaks for each feature, shape (features,); 0 where nothing is known."""
        if listed is None:
            return np.zeros(features, np.float32)
        own, kin, otherwise = self.listed
        return np.array(
            [own * (i in listed.own) + kin * (i in listed.kin) + otherwise for i in range(features)], np.float32
        )


@dataclass(frozen=True)
class Question:
    """What a text is asked: the features, shape (features, 768), and how much the catalog speaks for each."""

    wanted: Array
    expected: Array


def _reading(learned: Learned, states: Array, question: Question, clauses: list[Clause]) -> Reading:
    sounds = learned.layer("sound", states)  # of each token: bad, good, neither; shape (tokens, 3)
    as_a_whole = _softmax(sounds.mean(axis=0) / learned.cooling)
    mentions = _mentions(learned, states, sounds, question, clauses) if len(question.wanted) else ()
    negative, positive, neutral = map(float, as_a_whole)
    both = {"positive", "negative"} <= {one.sentiment for one in mentions}
    mixed = both and abs(positive - negative) < MIXED
    sentiment = "mixed" if mixed else surest(as_a_whole)[0]
    return Reading(sentiment, positive, neutral, negative, mentions)


def _mentions(
    learned: Learned, states: Array, sounds: Array, question: Question, clauses: list[Clause]
) -> tuple[Mention, ...]:
    asked = question.wanted @ learned.question.T
    near = learned.scale * (_unit(asked) @ _unit(states @ learned.answer.T).T) + learned.offset  # (features, tokens)
    seen, heard = _softmax(learned.sight * near), _softmax(learned.hearing * near)
    strength = (seen * near).sum(axis=1)
    view = seen @ states
    pair = np.hstack([view, asked, view * asked, strength[:, None] / 10])
    said = learned.slope * strength + learned.start + question.expected + learned.layer("pair", pair)[:, 0]
    how = _softmax(heard @ sounds / learned.cooling)
    return tuple(
        Mention(int(i), *surest(how[i]), _best(clauses, seen[i])) for i in np.flatnonzero(said > learned.threshold)
    )


def surest(shares: Array) -> tuple[str, float]:
    """Return a sentiment and its share: neutral only where that is likelier than praise and blame together."""
    negative, positive, neutral = map(float, shares)
    place = 2 if neutral > negative + positive else int(positive > negative)
    return SENTIMENTS[place], float(shares[place])


# -- clauses ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Clause:
    """Words of a text, and the places of their tokens."""

    words: str
    tokens: list[int]


def _clauses(text: str, offsets: Sequence[tuple[int, int]]) -> list[Clause]:
    """Return the clauses of which the model has read a token."""
    clauses = []
    for found in CLAUSE.finditer(text):
        begin, end = found.span()
        tokens = [place for place, (first, last) in enumerate(offsets) if first < last and begin <= first < end]
        if tokens:
            clauses.append(Clause(found.group().strip(), tokens))
    return clauses


def _best(clauses: list[Clause], seen: Array) -> str:
    """Return the words that were looked at most."""
    return max(clauses, key=lambda clause: float(seen[clause.tokens].sum())).words


# -- arithmetic ------------------------------------------------------------------------------------------------------


def _unit(rows: Array) -> Array:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True), np.float32)


def _gelu(x: Array) -> Array:
    """x times the share of a normal distribution below x, by the usual rational approximation of erf (error 1e-7)."""
    z = np.abs(x) / np.sqrt(2.0)
    t = 1 / (1 + 0.3275911 * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1 - poly * np.exp(-z * z))
    return np.asarray(x * (1 + erf) / 2, np.float32)
