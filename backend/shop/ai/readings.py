"""What a reader finds in texts, with finished readings from the cache: the way in which everybody else asks it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple

from shop.ai.cache import Cache
from shop.ai.errors import ModelError
from shop.ai.reader import Listed, Mention, Reader, Reading

OF_A_REVIEW = ("positive", "neutral", "negative", "mixed")
OF_A_FEATURE = ("positive", "negative", "neutral")


def read(
    reader: Reader,
    texts: Sequence[str],
    features: Sequence[str],
    listed: Sequence[Listed | None] | None = None,
    cache: Cache | None = None,
) -> list[Reading]:
    """Return a reading for each text, in the same order; only what the cache does not know is asked for.

    Args:
        texts: title, newline, body.
        features: "Name: description"; with other features, every text is read anew.
        listed: what the catalog says of the product of each text, if anything.

    Raises:
        ModelError: the reader cannot read, or answers something that cannot be.
    """
    cache = cache or Cache.usual("readings")
    maker = _OfFeatures(reader, features)
    pairs = list(zip(texts, listed or [None] * len(texts), strict=True))
    asked = {_key(*pair): pair for pair in pairs}
    found = cache.get(maker, asked)
    if new := [key for key in asked if key not in found]:
        some, known = zip(*(asked[key] for key in new), strict=True)
        made = reader.read(some, features, known)
        if len(made) != len(new):
            raise ModelError(f"{reader.model} gave {len(made)} readings for {len(new)} texts.")
        for text, reading in zip(some, made, strict=True):
            _require_possible(reader, text, features, reading)
        fresh = dict(zip(new, made, strict=True))
        cache.put(maker, fresh)
        found |= fresh
    return [found[_key(*pair)] for pair in pairs]


def _key(text: str, listed: Listed | None) -> str:
    """Return what a reading depends on besides the reader and its features."""
    return text if listed is None else f"{text}\0{sorted(listed.own)}{sorted(listed.kin)}"


class _OfFeatures:
    """A reader together with the features that it is asked for, as the cache wants it."""

    def __init__(self, reader: Reader, features: Sequence[str]) -> None:
        self.provider, self.model = reader.provider, reader.model
        listed = json.dumps(list(features)).encode()
        self.recipe = f"{reader.recipe} features {hashlib.sha256(listed).hexdigest()}"

    def pack(self, value: Reading) -> bytes:
        return json.dumps(astuple(value)).encode()

    def unpack(self, data: bytes) -> Reading | None:
        try:
            sentiment, positive, neutral, negative, mentions = json.loads(data)
            return Reading(sentiment, positive, neutral, negative, tuple(Mention(*one) for one in mentions))
        except (ValueError, TypeError):  # written by something else: it is read again
            return None


def _require_possible(reader: Reader, text: str, features: Sequence[str], reading: Reading) -> None:
    """Raise ModelError for a quotation that is not in the text, a share above 1 and the like: nothing is stored."""
    shares = (reading.positive, reading.neutral, reading.negative, *(one.score for one in reading.mentions))
    named = [one.feature for one in reading.mentions]
    faults = {
        "a sentiment that there is not": reading.sentiment not in OF_A_REVIEW
        or any(one.sentiment not in OF_A_FEATURE for one in reading.mentions),
        "a number that is not between 0 and 1": not all(0 <= share <= 1 for share in shares),
        "a feature twice": len(set(named)) < len(named),
        "a feature that was not asked for": not set(named) <= set(range(len(features))),
        "words that do not stand in it": any(not one.clause.strip() or one.clause not in text
                                             for one in reading.mentions),
    }  # fmt: skip
    wrong = [fault for fault, there in faults.items() if there]
    if wrong:
        raise ModelError(f"{reader.model} answered, for a text that begins {text[:40]!r}, {wrong[0]}; nothing is kept.")
