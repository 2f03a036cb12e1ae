"""The teaching side: what a notebook needs.

    %load_ext workshop                             # %%sql and %alembic, on the workshop's database
    import workshop
    step = workshop.begin("0003_seed_catalog")     # brings the database to the revision before

See workshop.lesson.Lesson for what a step can do. `workshop --help` in a terminal lists the commands.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.lesson import Lesson

__all__ = ["begin", "load_ipython_extension"]


def begin(name: str) -> Lesson:
    """Begin a step; see workshop.lesson.begin."""
    from workshop.lesson import begin as begin_lesson  # Alembic and matplotlib wait until they are needed

    return begin_lesson(name)


def load_ipython_extension(ipython: Any) -> None:
    """Called by `%load_ext workshop`."""
    from workshop import magics

    magics.load(ipython)
