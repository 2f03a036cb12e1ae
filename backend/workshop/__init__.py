"""The teaching side: what a notebook needs.

    %load_ext workshop                             # %%sql and %alembic, on the workshop's database
    import workshop
    step = workshop.begin("0003_seed_catalog")     # brings the database to the revision before

See workshop.lesson.Lesson for what a step can do. `workshop --help` in a terminal lists the commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.draw import Drawing
    from workshop.labs import Lab
    from workshop.lesson import Lesson, Table

__all__ = ["begin", "begin_at_base", "current", "finished_picture", "goto", "lab", "load_ipython_extension", "so_far"]


def begin(name: str) -> Lesson:
    """Begin a step: bring the database to the revision before it, wherever it is now."""
    from workshop.lesson import begin as begin_lesson  # Alembic and matplotlib wait until they are needed

    return begin_lesson(name)


def begin_at_base() -> str:
    """Begin where the first notebook begins: with an empty database; what was in it is kept."""
    from workshop.lesson import begin_at_base as empty

    return empty()


def lab(name: str) -> Lab:
    """Begin a lab: bring the database to head, as a plain upgrade leaves it; what you did is kept."""
    from workshop.labs import begin as begin_lab

    return begin_lab(name)


def goto(step: str) -> str:
    """Jump to the state right after a step ("base": empty), and say so; what you changed is kept."""
    from workshop import chain, server, steps

    settings = server.ensure()
    name = step if step == chain.BASE else chain.find(step).name
    return f"The database is at {name}. {steps.goto(settings, name)}".strip()


def so_far() -> Table:
    """Return what you have checked and predicted so far."""
    from workshop import record
    from workshop.lesson import Table

    return Table("Your progress", ("notebook", "checked", "predictions"), record.rows())


def current() -> str:
    """Return the revision that the workshop's database is at; "base" for none."""
    from workshop import server, steps

    return steps.current(server.ensure())


def finished_picture() -> Drawing:
    """Draw what the database will look like after the last step."""
    from workshop import elsewhere, server

    return elsewhere.finished_picture(server.ensure())


def load_ipython_extension(ipython: Any) -> None:
    """Called by `%load_ext workshop`."""
    from workshop.labs.cells import LabMagics
    from workshop.magics import load
    from workshop.terminal import TerminalMagics

    load(ipython)
    ipython.register_magics(TerminalMagics)
    ipython.register_magics(LabMagics)
