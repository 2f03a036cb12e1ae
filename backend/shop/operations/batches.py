"""What op.embed and op.score_sentiment share: the texts that a table lacks, batch by batch, with signs of progress."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.operations import Operations
from tqdm.std import tqdm

from shop import ai

BATCH = 128  # texts between two signs of progress, and the most that is computed twice after a failure

COUNTED = {"preserve_rowcount": True}  # SQLAlchemy forgets how many rows an INSERT brought


@dataclass(frozen=True)
class Missing:
    """The rows of `source` whose key is not in `table` yet, to be listed as the temporary table `name`.

    Every row of `source` has the columns of `key`, and those of `texts`.
    """

    name: str
    table: str
    key: Sequence[str]
    source: str
    texts: Sequence[str] = ("text",)

    @property
    def readable(self) -> str:
        """The condition that no text of a row is null or blank."""
        return " AND ".join(f"{text} ~ '\\S'" for text in self.texts)

    def listed(self) -> sa.TextClause:
        """Return the statement that numbers the rows from 1 in the order of their keys; a blank text gets none."""
        # The names and the source are the revision's own code, trusted like any other statement of it.
        key, readable = ", ".join(self.key), self.readable
        return sa.text(
            f"CREATE TEMPORARY TABLE {self.name} ON COMMIT DROP AS "  # noqa: S608
            f"SELECT CASE WHEN {readable} THEN row_number() OVER (PARTITION BY coalesce({readable}, false) "
            f"ORDER BY {key}) END AS n, source.* FROM ({self.source}) AS source "
            f"WHERE ({key}) NOT IN (SELECT {key} FROM {self.table})".replace(":", "\\:")
        )


def begin(operations: Operations, missing: Missing) -> tuple[int, int]:
    """List what is missing; return how many texts have words, and how many are blank."""
    operations.execute(missing.listed())
    operations.execute(f"CREATE INDEX ON pg_temp.{missing.name} (n)")
    count = f"SELECT count(n), count(*) - count(n) FROM pg_temp.{missing.name}"  # noqa: S608  as above
    total, blank = operations.get_bind().execute(sa.text(count)).one()
    return total, blank


def run(operations: Operations, label: str, total: int, compute: Callable[[int, int], int], what: str) -> None:
    """Compute the texts 1 to `total`, batch by batch.

    Args:
        operations: of the run.
        label: what the progress is called.
        total: how many texts there are.
        compute: takes the first and the last number of a batch, and returns how many texts it has filled.
        what: "vectors by all-MiniLM-L6-v2".

    Raises:
        ModelError: `compute` filled fewer texts, or more.
    """
    with progress(operations, label, total) as advance:
        for first in range(1, total + 1, BATCH):
            last = min(first + BATCH - 1, total)
            if (made := compute(first, last)) != last - first + 1:
                raise ai.ModelError(f"{made} {what} came for {last - first + 1} texts; nothing is kept.")
            advance(made)


@contextlib.contextmanager
def progress(operations: Operations, label: str, total: int) -> Iterator[Callable[[int], object]]:
    """Give a function that is told how many more are done.

    Whoever runs Alembic from Python may bring a display of its own as config.attributes["on_rows"], a function of
    label, done and total. Otherwise it is a bar in the terminal, and nothing where nobody watches.
    """
    config = operations.migration_context.config
    if config is not None and (told := config.attributes.get("on_rows")):
        done = 0

        def advance(more: int) -> None:
            nonlocal done
            done += more
            told(label, done, total)

        yield advance
        return
    with tqdm(total=total, desc=label, unit="text", leave=False, disable=None) as bar:
        yield bar.update
