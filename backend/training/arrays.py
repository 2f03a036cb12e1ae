"""The file that is shipped, reader.npz: what the training changed in the model, and the head that it put on top.

The changes of a published array are kept in one byte each, `name|byte`, with `name|scale`, float32: one number for each
row of a matrix, or for the whole of a vector. The matrices of the head are float16, its other arrays float32.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shop.errors import ExplainedError

Arrays = dict[str, NDArray[Any]]
HASH = re.compile(r'^SHA256 = "[0-9a-f]{64}"', re.MULTILINE)
SMALLEST = 1e-12  # a scale; of a row that did not change


class SourceError(ExplainedError):
    """The reader's module has no line for the hash of its file."""


def pack(
    changes: Mapping[str, NDArray[np.float32]], head: Mapping[str, NDArray[np.float32]], at: float, cooling: float
) -> Arrays:
    """Return the arrays of the file.

    Args:
        changes: what is added to the published weights, by their names.
        head: by the names that shop.ai.reader knows.
        at: how likely a mention must be before the reader believes it, 0 to 1.
        cooling: by what the reader divides its strengths of feeling; above 1 it is less sure of itself.
    """
    packed: Arrays = {}
    for name, change in changes.items():
        matrix = change.ndim > 1
        largest = np.abs(change).max(axis=-1, keepdims=True) if matrix else np.abs(change).max()
        scale = np.maximum(largest / 127, SMALLEST).astype(np.float32)
        packed[f"{name}|byte"] = np.round(change / scale).astype(np.int8)
        packed[f"{name}|scale"] = scale
    for name, array in head.items():
        packed[name] = array.astype(np.float16 if array.ndim > 1 else np.float32)
    packed["threshold"] = np.float32(np.log(at / (1 - at)))
    packed["cooling"] = np.float32(cooling)
    return packed


def write(packed: Arrays, path: Path) -> str:
    """Write the file; return its sha256."""
    np.savez_compressed(path, **packed)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def note(sha256: str, source: Path) -> None:
    """Write the hash of the file into the module that reads it.

    Raises:
        SourceError: the module has no line for it.
    """
    text, times = HASH.subn(f'SHA256 = "{sha256}"', source.read_text(encoding="utf-8"))
    if times != 1:
        raise SourceError(f"{source.name} has {times} lines SHA256 = ...: write {sha256} there by hand.")
    source.write_text(text, encoding="utf-8")
