"""Finished work of a model on disk, so that a run that was broken off, undone or repeated computes only the rest.

One SQLite file for each kind of work (vectors, readings), beside the models; SQLite itself keeps two processes apart.
A cache may fail without harm: when the disk is full or the file cannot be read, a warning says so and the work is done
again.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

from shop.ai import weights

log = logging.getLogger("alembic.ai")

BOUND = 100_000  # texts of which the work is kept, about 170 MB of vectors; the oldest go first
PATIENCE = 30  # seconds to wait for another process that writes
ASKED_AT_ONCE = 500

T = TypeVar("T")
Result = TypeVar("Result")


class Maker(Protocol[T]):
    """What makes a T of a text, and how a T is written down.

    recipe: what else decides on the result; a T of another recipe is not taken from the cache.
    unpack: gives None for bytes that are not as pack() writes them.
    """

    @property
    def provider(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def recipe(self) -> str: ...
    def pack(self, value: T) -> bytes: ...
    def unpack(self, data: bytes) -> T | None: ...


class Cache:
    """What a file holds by provider, model, recipe and text; at most `bound` texts."""

    def __init__(self, path: Path, bound: int = BOUND) -> None:
        self.path, self.bound = path, bound

    @classmethod
    def usual(cls, kind: str = "vectors") -> Cache:
        """Return the cache of a kind of work that all processes of this user share."""
        return cls(weights.folder() / f"{kind}.sqlite")

    def get(self, maker: Maker[T], texts: Iterable[str]) -> dict[str, T]:
        """Return what is there, by text."""
        wanted = {_key(maker, text): text for text in texts}
        rows = self._tried("read", lambda file: list(_select(file, list(wanted)))) or ()
        found = ((wanted[key], maker.unpack(data)) for key, data in rows)
        return {text: value for text, value in found if value is not None}

    def put(self, maker: Maker[T], values: Mapping[str, T]) -> None:
        """Keep values by text; when there are more than `bound`, the oldest go."""
        rows = [(_key(maker, text), maker.pack(value)) for text, value in values.items()]
        self._tried("written", lambda file: self._insert(file, rows))

    def _insert(self, file: sqlite3.Connection, rows: list[tuple[bytes, bytes]]) -> None:
        with file:
            file.executemany("INSERT OR REPLACE INTO finished (key, data) VALUES (?, ?)", rows)
            file.execute("DELETE FROM finished WHERE id <= (SELECT max(id) FROM finished) - ?", (self.bound,))

    def _tried(self, done: str, action: Callable[[sqlite3.Connection], Result]) -> Result | None:
        try:
            with self._open() as file:
                return action(file)
        except (sqlite3.Error, OSError) as error:
            log.warning(
                "The cache of finished work cannot be %s (%s: %s); it goes on without it. Free some space, or "
                "delete the file.", done, self.path, error,
            )  # fmt: skip
            return None

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as file:
            # AUTOINCREMENT: a number is never given twice, so the lowest is the oldest
            file.execute(
                "CREATE TABLE IF NOT EXISTS finished "
                "(id INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, data BLOB NOT NULL)"
            )
            yield file


def _select(file: sqlite3.Connection, keys: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    for start in range(0, len(keys), ASKED_AT_ONCE):
        some = keys[start : start + ASKED_AT_ONCE]
        places = ", ".join("?" * len(some))
        yield from file.execute(f"SELECT key, data FROM finished WHERE key IN ({places})", some)  # noqa: S608


def _key(maker: Maker[T], text: str) -> bytes:
    whole = "\0".join((maker.provider, maker.model, maker.recipe, text))
    return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).digest()
