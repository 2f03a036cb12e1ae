"""A fresh database beside the learner's: what the chain and the drafts make when nothing has happened before.

It answers the question that a migration chain lives by: is this database what its files say? It is a copy of a
checkpoint, and it is dropped again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import chain, checkpoints, scratch, steps, xray
from workshop.xray import Difference, Snapshot

ROWS = {"content", "vectors", "graph"}  # kinds of the X-ray that tell what is in the tables, not what they are like


class BesideError(ExplainedError):
    """There can be no fresh database here."""


def require(settings: Settings) -> None:
    """Raise BesideError when this user may not create databases."""
    if not checkpoints.possible(settings):
        raise BesideError(
            "This needs a second, fresh database to compare with, and your user may not create one: ask for "
            "ALTER ROLE ... CREATEDB, or use the workshop's own server (`workshop start`)."
        )


@contextmanager
def fresh(settings: Settings, step: str | None = None) -> Iterator[Settings]:
    """Make a database at a step (default: the chain's last), as a plain upgrade leaves it, and drop it at the end.

    Raises:
        BesideError: this user may not create databases.
    """
    require(settings)
    source = checkpoints.ensure(settings, step or chain.steps()[-1].name, steps.upgrade)
    name = f"{settings.database_url.database}_fresh"
    place = replace(settings, database_url=settings.database_url.set(database=name))
    checkpoints.replace(place, source)
    try:
        yield place
    finally:
        checkpoints.drop(place)


def move(settings: Settings, action: Callable[..., None], target: str) -> None:
    """Run a command of Alembic's (upgrade, downgrade, stamp) on a database, silently and with the drafts in sight."""
    config = scratch.alembic_config()
    with database.connect(settings) as connection:
        config.attributes["connection"] = connection
        action(config, target)


def upgrade(settings: Settings) -> None:
    """Run all drafts that stand on the chain."""
    move(settings, command.upgrade, "heads")


def downgrade(settings: Settings) -> None:
    """Undo the drafts, down to the chain's last revision."""
    move(settings, command.downgrade, chain.steps()[-1].name)


def heads() -> set[str]:
    """Return the revisions on which nothing stands, drafts included."""
    return set(ScriptDirectory.from_config(scratch.alembic_config()).get_heads())


def shape(settings: Settings) -> Snapshot:
    """Return the X-ray of a database without its rows, and without how far its sequences have counted."""
    with database.connect(settings) as connection:
        seen = xray.snapshot(connection)
    items = {item: _still(item[0], fields) for item, fields in seen.items.items() if item[0] not in ROWS}
    return Snapshot(items, seen.revision)


def _still(kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {**fields, "next": fields["start"]} if kind == "sequence" else fields


def compare(settings: Settings) -> Difference:
    """Return what a fresh database, upgraded by the same files, has that this one has not, and the other way round."""
    with fresh(settings) as place:
        upgrade(place)
        return xray.compare(shape(settings), shape(place))
