"""`workshop refresh`: what a model filled once is filled again for rows that came, or changed, after the revisions ran.

A revision runs once; the shop goes on. Which tables a model fills, and from which texts, is read from the applied
revisions themselves (workshop.fillings). Each table is refreshed in a transaction of its own: rows whose text has
changed are thrown out, and then the revision's operation runs again and computes what is missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from shop import database
from shop.errors import ExplainedError
from shop.lock import migration_lock
from shop.operations.filling import Filling
from shop.settings import Settings
from workshop import fillings, steps


class RefreshError(ExplainedError):
    """A table cannot be refreshed; nothing in it was changed."""


@dataclass(frozen=True)
class State:
    """How well a table answers for its texts: rows that are filled, texts without one, rows of another text."""

    table: str
    filled: int
    missing: int
    stale: int

    @property
    def complete(self) -> bool:
        return not (self.missing or self.stale)

    def __str__(self) -> str:
        lacks = [f"{self.missing:,} missing"] * bool(self.missing) + [f"{self.stale:,} stale"] * bool(self.stale)
        return f"{self.table}: {self.filled:,} filled" + "".join(f", {lack}" for lack in lacks)


def states(settings: Settings) -> list[State]:
    """Return the state of every table that a model has filled, in the order of the revisions.

    Raises:
        RefreshError: such a table, or one that its texts come from, is not as the revisions made it.
    """
    with database.connect(settings) as connection:
        try:
            return [_state(connection, filling) for filling in fillings.applied(steps.revision_of(connection))]
        except sa.exc.DBAPIError as error:
            raise RefreshError(database.explain(error, settings.database_url)) from error


def _state(connection: sa.Connection, filling: Filling) -> State:
    return State(filling.table, *connection.execute(filling.state()).one())


def refresh(settings: Settings) -> Iterator[State]:
    """Fill what is missing or stale, table by table; yield what each was like before.

    Raises:
        RefreshError: a table was filled by another model than the one that is set now.
        ModelError: the model cannot be used; see op.embed.
    """
    with database.connect(settings) as connection, migration_lock(connection):
        for filling in fillings.applied(steps.revision_of(connection)):
            try:
                with connection.begin():
                    connection.execute(sa.text("SELECT set_config('lock_timeout', '10s', true)"))
                    before = _state(connection, filling)
                    if not before.complete:
                        _require_same_model(connection, filling)
                        connection.execute(filling.remove_stale())
                        Operations(MigrationContext.configure(connection)).invoke(filling)
            except sa.exc.DBAPIError as error:
                raise RefreshError(database.explain(error, settings.database_url)) from error
            yield before


def _require_same_model(connection: sa.Connection, filling: Filling) -> None:
    """Raise RefreshError when what is there cannot stand beside what would come."""
    now = filling.maker()
    others = [tuple(row) for row in connection.execute(filling.makers()) if tuple(row) != now]
    if others:
        there = ", ".join(f"{model} ({provider})" for provider, model in others)
        raise RefreshError(
            f"{filling.table} was filled by {there}, and AI_PROVIDER now means {now[1]} ({now[0]}): what two models "
            "say cannot be compared. Set AI_PROVIDER to what it was; or downgrade to before the table's revision and "
            "upgrade again, which computes everything anew."
        )
