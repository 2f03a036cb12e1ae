"""all-MiniLM-L6-v2 on this machine's own processor: a text becomes 384 numbers.

    Local().embed(["Quiet on a plane", "Loud at the beach"])    # float32, shape (2, 384), each row of length 1

Two texts that mean about the same point in about the same direction: the product of their vectors is near 1. The
model reads the first 256 tokens of a text, about 190 English words, and nothing after them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.ai import weights
from shop.ai.cache import Cache
from shop.ai.errors import ModelError

Vectors = NDArray[np.float32]

MAX_TOKENS = 256  # what the model was trained for; the marks of beginning and end are among them
AT_ONCE = 8  # texts that go through the model together: more do not fit into the processor's own memory


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
        ids = [encoding.ids for encoding in self._tokenizer.encode_batch([_readable(text) for text in texts])]
        vectors = np.empty((len(ids), self.dimensions), np.float32)
        encoder = self._encoder  # loaded here, once, and not by each thread

        def fill(batch: list[int]) -> None:
            hidden = encoder.forward_batch([ids[i] for i in batch]).last_hidden_state
            for i, states in zip(batch, np.asarray(hidden), strict=True):
                mean = states[: len(ids[i])].mean(axis=0)  # of the tokens that are there, not of the padding
                vectors[i] = mean / np.linalg.norm(mean)

        # A batch for each core, not a batch on all cores: threads that share one wait for each other after every
        # layer, which on a busy machine costs more than it gains.
        with ThreadPoolExecutor(_cores()) as pool:
            for _ in pool.map(fill, _batches([len(one) for one in ids])):
                pass
        return vectors

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(weights.require() / "tokenizer.json"))
        tokenizer.no_padding()  # the published file pads to 128 tokens and cuts there
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.encode_special_tokens = True  # "[CLS]" in a text is five characters like any others
        return tokenizer

    @cached_property
    def _encoder(self) -> Any:
        import ctranslate2

        converted = weights.require() / "converted"
        try:
            return ctranslate2.Encoder(
                str(converted), device="cpu", compute_type="float32", inter_threads=_cores(), intra_threads=1
            )
        except RuntimeError as error:
            raise ModelError(f"The model in {converted} cannot be loaded ({error}).") from error


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """Yield the places of texts that go through the model together: of similar length, so that little is padded."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)  # long ones first: a core waits less
    for start in range(0, len(order), AT_ONCE):
        yield order[start : start + AT_ONCE]


def _readable(text: str) -> str:
    """Replace half characters (lone surrogates), which no tokenizer takes; everything else stays."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _cores() -> int:
    """Return how many cores this process may use; a container often gets fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
