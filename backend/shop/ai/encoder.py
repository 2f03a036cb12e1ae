"""A transformer on this machine's own processor: a text becomes a row of numbers for each of its tokens."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.ai.errors import ModelError

Array = NDArray[np.float32]

MAX_TOKENS = 256  # what the model was trained for; the marks of beginning and end are among them
AT_ONCE = 8  # texts that go through the model together: more do not fit into the processor's own memory


def tokenizer(model: Path) -> Any:
    """Return what cuts a text into the tokens of the model in this folder, the first MAX_TOKENS of them."""
    from tokenizers import Tokenizer

    found = Tokenizer.from_file(str(model / "tokenizer.json"))
    found.no_padding()  # the published file pads to 128 tokens and cuts there
    found.enable_truncation(MAX_TOKENS)
    found.encode_special_tokens = True  # "[CLS]" in a text is five characters like any others
    return found


class Encoder:
    """The model of a folder with tokenizer.json and `converted/`. One instance may be shared between threads.

    Args:
        place: gives that folder; asked when the model is first needed.
    """

    def __init__(self, place: Callable[[], Path]) -> None:
        self._place = place

    def each(self, texts: Sequence[str], use: Callable[[int, Any, Array], None]) -> None:
        """Call `use` for every text, in any order and from several threads.

        Args:
            texts: half characters (lone surrogates) are replaced, and what is longer than the model reads is cut.
            use: takes the text's place, its tokens (`ids`, and `offsets` into the text), and the numbers of the
                tokens: float32, shape (tokens, 384).

        Raises:
            ModelError: the model is missing or damaged.
        """
        tokens = self._tokenizer.encode_batch([_readable(text) for text in texts])
        model = self._model  # loaded here, once, and not by each thread

        def read(batch: list[int]) -> None:
            hidden = model.forward_batch([tokens[i].ids for i in batch]).last_hidden_state
            for i, states in zip(batch, np.asarray(hidden), strict=True):
                use(i, tokens[i], states[: len(tokens[i].ids)])  # the tokens that are there, not the padding

        # A batch for each core, not a batch on all cores: threads that share one wait for each other after every
        # layer, which on a busy machine costs more than it gains.
        with ThreadPoolExecutor(_cores()) as pool:
            for _ in pool.map(read, _batches([len(one.ids) for one in tokens])):
                pass

    @cached_property
    def _tokenizer(self) -> Any:
        return tokenizer(self._place())

    @cached_property
    def _model(self) -> Any:
        import ctranslate2

        converted = self._place() / "converted"
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
