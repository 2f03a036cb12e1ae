"""Finished vectors on disk, so that a run that was broken off, undone or repeated asks the model only for the rest.

One SQLite file beside the models; SQLite itself keeps two processes apart. A cache may fail without harm: when the
disk is full or the file cannot be read, a warning says so and the vectors are computed.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from shop.ai import weights

log = logging.getLogger("alembic.ai")

BOUND = 100_000  # vectors that are kept, about 170 MB; the oldest go first
PATIENCE = 30  # seconds to wait for another process that writes
ASKED_AT_ONCE = 500

T = TypeVar("T")


class Made(Protocol):
    """By what a vector was made."""

    provider: str
    model: str
    dimensions: int
    recipe: str


class Cache:
    """The vectors of a file, by provider, model, recipe and text; at most `bound` of them."""

    def __init__(self, path: Path, bound: int = BOUND) -> None:
        self.path, self.bound = path, bound

    @classmethod
    def usual(cls) -> Cache:
        """Return the cache that all processes of this user share."""
        return cls(weights.folder() / "vectors.sqlite")

    def get(self, made: Made, texts: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """Return the vectors that are there, by text: float32, shape (dimensions,)."""
        wanted = {_key(made, text): text for text in texts}
        rows = self._tried("read", lambda file: list(_select(file, list(wanted))))
        size = made.dimensions * np.dtype(np.float32).itemsize
        return {wanted[key]: np.frombuffer(vector, "<f4") for key, vector in rows or () if len(vector) == size}

    def put(self, made: Made, vectors: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep vectors by text; when there are more than `bound`, the oldest go."""
        rows = [(_key(made, text), vector.astype("<f4").tobytes()) for text, vector in vectors.items()]
        self._tried("written", lambda file: self._insert(file, rows))

    def _insert(self, file: sqlite3.Connection, rows: list[tuple[bytes, bytes]]) -> None:
        with file:
            file.executemany("INSERT OR REPLACE INTO vectors (key, vector) VALUES (?, ?)", rows)
            file.execute("DELETE FROM vectors WHERE id <= (SELECT max(id) FROM vectors) - ?", (self.bound,))

    def _tried(self, done: str, action: Callable[[sqlite3.Connection], T]) -> T | None:
        try:
            with self._open() as file:
                return action(file)
        except (sqlite3.Error, OSError) as error:
            log.warning(
                "The cache of finished vectors cannot be %s (%s: %s); it goes on without it. Free some space, or "
                "delete the file.", done, self.path, error,
            )  # fmt: skip
            return None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as file:
            # AUTOINCREMENT: a number is never given twice, so the lowest is the oldest
            file.execute(
                "CREATE TABLE IF NOT EXISTS vectors "
                "(id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, vector BLOB NOT NULL)"
            )
            yield file


def _select(file: sqlite3.Connection, keys: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for start in range(0, len(keys), ASKED_AT_ONCE):
        some = keys[start : start + ASKED_AT_ONCE]
        places = ", ".join("?" * len(some))
        yield from file.execute(f"SELECT key, vector FROM vectors WHERE key IN ({places})", some)  # noqa: S608


def _key(made: Made, text: str) -> bytes:
    whole = "\0".join((made.provider, made.model, made.recipe, text))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
