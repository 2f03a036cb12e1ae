"""all-MiniLM-L6-v2 on this machine's own processor: a text becomes 384 numbers.

    Local().embed(["Quiet on a plane", "Loud at the beach"])    # float32, shape (2, 384), each row of length 1

Two texts that mean about the same point in about the same direction: the product of their vectors is near 1. The
model reads the first 256 tokens of a text, about 190 English words, and nothing after them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.ai import weights
from shop.ai.cache import Cache
from shop.ai.encoder import MAX_TOKENS, Encoder

Vectors = NDArray[np.float32]


class Local:
    """The provider `local`. One instance may be shared between threads.

    provider, model: what is stored beside each vector; dimensions: numbers of a vector.
    recipe: what else decides on the numbers; a finished vector of another recipe is not taken from the cache.
    """

    provider = "local"
    model = weights.MODEL
    dimensions = 384
    recipe = f"{weights.SHA256[:12]} float32 {MAX_TOKENS} mean"

    def __init__(self, cache: Cache | None = None) -> None:
        self._cache = cache
        self._encoder = Encoder(weights.require)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return an array of shape (len(texts), 384): row i is the vector of text i, float32, of length 1.

        Finished vectors come from the cache. An empty text has a vector too, always the same; it means nothing.

        Raises:
            TypeError: `texts` is one text instead of a list of them.
            ModelError: the model is missing or damaged.
        """
        if isinstance(texts, str):
            raise TypeError("embed() takes a list of texts, not one text")
        cache = self._cache or Cache.usual()
        found = cache.get(self, texts)
        new = [text for text in dict.fromkeys(texts) if text not in found]
        if new:
            computed = dict(zip(new, self.compute(new), strict=True))
            cache.put(self, computed)
            found |= computed
        return np.stack([found[text] for text in texts]) if len(texts) else np.empty((0, self.dimensions), np.float32)

    def pack(self, value: Vectors) -> bytes:
        """Write one vector, shape (384,), for the cache."""
        return value.astype("<f4").tobytes()

    def unpack(self, data: bytes) -> Vectors | None:
        """Read what pack() wrote; None for anything of another length."""
        vector = np.frombuffer(data, "<f4") if len(data) % 4 == 0 else np.empty(0, "<f4")
        return vector if len(vector) == self.dimensions else None

    def compute(self, texts: Sequence[str]) -> Vectors:
        """Ask the model, whatever the cache knows; as embed() otherwise."""
        vectors = np.empty((len(texts), self.dimensions), np.float32)

        def fill(i: int, _: Any, states: Vectors) -> None:
            mean = states.mean(axis=0)
            vectors[i] = mean / np.linalg.norm(mean)

        self._encoder.each(texts, fill)
        return vectors
