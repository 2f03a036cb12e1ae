"""What somebody else would get: the chain, or an edited copy of it, run on a fresh database of its own."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command

from shop import database
from shop.errors import ExplainedError
from shop.settings import BACKEND, Settings
from workshop import beside, checkpoints, steps, xray
from workshop.chain import Step, alembic_config

if TYPE_CHECKING:
    from workshop.draw import Drawing

ELSEWHERE = "workshop_elsewhere"


class EditError(ExplainedError):
    """The text to be replaced is not in the revision."""


def edited(settings: Settings, step: Step, old: str, new: str) -> xray.Difference:
    """Compare a fresh database built by the chain with one built by a copy in which a step was edited.

    The edited copy lives in a temporary folder and on a throwaway database; the repository is not touched.

    Raises:
        EditError: `old` does not stand in the revision.
        BesideError: this user may not create databases.
    """
    beside.require(settings)
    text = step.revision.read_text(encoding="utf-8")
    if old not in text:
        raise EditError(f"{step.name} does not contain {old!r}, so nothing can be replaced.")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "alembic"
        shutil.copytree(BACKEND / "alembic", copy, ignore=shutil.ignore_patterns("__pycache__"))
        as_it_is = _built(settings, copy, step)
        (copy / "versions" / step.revision.name).write_text(text.replace(old, new), encoding="utf-8")
        return xray.compare(as_it_is, _built(settings, copy, step))


def _built(settings: Settings, scripts: Path, step: Step) -> xray.Snapshot:
    """Return the X-ray of an empty database after an upgrade to the step with these scripts."""
    place = replace(settings, database_url=settings.database_url.set(database=ELSEWHERE))
    checkpoints.replace(place, "template0")
    try:
        config = alembic_config()
        config.set_main_option("script_location", str(scripts))
        with database.connect(place) as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, step.name)
            return xray.snapshot(connection)
    finally:
        checkpoints.drop(place)


def finished_picture(settings: Settings) -> Drawing:
    """Draw the tables of the finished shop, from a throwaway database; the learner's own is not touched.

    It has all steps that this server has the extensions for.
    """
    from workshop import draw  # matplotlib takes its time

    with beside.fresh(settings, steps.reachable(settings)[-1].name) as place, database.connect(place) as connection:
        return draw.entities(connection)
