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
    from workshop.lesson import Lesson

__all__ = ["begin", "begin_at_base", "current", "finished_picture", "load_ipython_extension"]


def begin(name: str) -> Lesson:
    """Begin a step; see workshop.lesson.begin."""
    from workshop.lesson import begin as begin_lesson  # Alembic and matplotlib wait until they are needed

    return begin_lesson(name)


def begin_at_base() -> str:
    """Begin where the first notebook begins; see workshop.lesson.begin_at_base."""
    from workshop.lesson import begin_at_base as empty

    return empty()


def current() -> str:
    """Return the revision that the workshop's database is at; "base" for none."""
    from workshop import server, steps

    return steps.current(server.ensure())


def finished_picture() -> Drawing:
    """Draw what the database will look like after the last step; see workshop.elsewhere."""
    from workshop import elsewhere, server

    return elsewhere.finished_picture(server.ensure())


def load_ipython_extension(ipython: Any) -> None:
    """Called by `%load_ext workshop`."""
    from workshop.magics import load
    from workshop.terminal import TerminalMagics

    load(ipython)
    ipython.register_magics(TerminalMagics)
