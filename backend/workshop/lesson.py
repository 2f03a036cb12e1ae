"""One step as a notebook meets it: begin, predict, upgrade, look, check, undo, upgrade again, finish."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import chain, checks, elsewhere, record, scratch, server, steps, tables, xray
from workshop.chain import BASE, Step

if TYPE_CHECKING:
    from IPython.display import Code

    from workshop.draw import Drawing


class LessonError(ExplainedError):
    """The notebook's cells were run in an order that cannot work, or a promise of the notebook does not hold."""


# What a learner can be asked to predict, besides the number of rows that a table named by the question gains.
MEASURES: dict[str, Callable[[xray.Difference], int]] = {
    "tables": lambda seen: seen.count("table"),
    "columns": lambda seen: seen.count("column"),
    "constraints": lambda seen: seen.count("constraint"),
    "indexes": lambda seen: seen.count("index"),
    "sequences": lambda seen: seen.count("sequence"),
    "types": lambda seen: seen.count("type"),
}


@dataclass
class Lesson:
    """The state of one notebook.

    step: which one; settings: whose database; start: the X-ray taken before the upgrade.
    """

    step: Step
    settings: Settings
    start: xray.Snapshot
    said: str = ""
    difference: xray.Difference | None = None
    guesses: dict[str, int | None] | None = None

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"

    def __str__(self) -> str:
        here = self.start.revision or BASE
        return f"{self.step.name}: {self.step.title}. The database is at {here}. {self.said}".strip()

    def source(self, part: str | None = None) -> Code:
        """Show the revision's own text, or one function or constant of it."""
        from IPython.display import Code

        return Code(self.step.source(part), language="python")

    def predict(self, **guesses: Any) -> Table:
        """Note what the learner expects; `...` counts as unanswered.

        Raises:
            LessonError: a guess is no whole number.
        """
        for name, value in guesses.items():
            if value is not ... and not isinstance(value, int):
                raise LessonError(f"{name}: write a whole number instead of {value!r}, or leave the three dots.")
        self.guesses = {name: None if value is ... else value for name, value in guesses.items()}
        rows = [(_words(name), "not answered" if value is None else value) for name, value in self.guesses.items()]
        return Table("Your prediction", ("how many", "you say"), rows)

    def upgrade(self) -> xray.Difference:
        """Run the revision and return what changed, measured."""
        before = self.look()
        steps.upgrade(self.settings, self.step.name)
        self.difference = xray.compare(before, self.look())
        return self.difference

    def compare(self) -> Table:
        """Show the predictions beside what the X-ray measured.

        Raises:
            LessonError: nothing was upgraded or predicted yet.
        """
        if self.difference is None or self.guesses is None:
            raise LessonError("First run the cells with step.predict(...) and step.upgrade().")
        rows = []
        for name, guess in self.guesses.items():
            measure = MEASURES.get(name)
            truth = measure(self.difference) if measure else self.difference.rows(name)
            verdict = "not answered" if guess is None else "right" if guess == truth else "look again"
            rows.append((_words(name), "..." if guess is None else guess, truth, verdict))
        record.predicted(self.step.name, [row[3] for row in rows])
        return Table("Predicted and measured", ("how many", "you said", "measured", ""), rows)

    def check(self) -> checks.Report:
        """Compare the database with what the step promises.

        Raises:
            CheckFailedError: with each difference and its likely cause.
        """
        with database.connect(self.settings) as connection:
            report = checks.run(self.step, connection)
        record.checked(self.step.name, report.summary())
        report.require()
        return report

    def downgrade(self) -> xray.Difference:
        """Undo the revision and return what changed, measured."""
        before = self.look()
        steps.downgrade(self.settings, self.step.before)
        return xray.compare(before, self.look())

    def gone(self) -> str:
        """Return a sentence that the database is as the notebook found it.

        Raises:
            LessonError: naming every trace that the downgrade left.
        """
        now = self.look()
        left = xray.compare(self.start, now)
        if left:
            raise LessonError(f"The downgrade left a trace: {left.summary()}")
        return f"No trace is left: fingerprint {now.fingerprint[:12]}, as before the upgrade."

    def finish(self) -> checks.Report:
        """Assert that the notebook ends at its step, with every promise kept.

        Raises:
            LessonError: the database is at another revision.
        """
        here = steps.current(self.settings)
        if here != self.step.name:
            raise LessonError(f"The database is at {here}; this notebook ends at {self.step.name}: run step.upgrade().")
        return self.check()

    def edited(self, old: str, new: str) -> xray.Difference:
        """Show what a fresh database would get from an edited copy of the revision, compared with the real one."""
        return elsewhere.edited(self.settings, self.step, old, new)

    def clear_drafts(self) -> str:
        """Remove the learner's drafts from backend/scratch.

        Raises:
            LessonError: the database still stands on one of them.
        """
        here = steps.current(self.settings)
        if here in {path.stem for path in scratch.drafts()}:
            raise LessonError(f"The database is at the draft {here}: downgrade it first.")
        scratch.clear()
        return "No draft is left."

    def draw(self, *tables: str) -> Drawing:
        """Draw the tables of the live database, or the named ones, with their foreign keys."""
        from workshop import draw  # matplotlib takes its time

        with database.connect(self.settings) as connection:
            return draw.entities(connection, list(tables) or None)

    def look(self) -> xray.Snapshot:
        """Return the X-ray of the database as it is now."""
        return _look(self.settings)


@dataclass(frozen=True)
class Table:
    """A small table that reads in a notebook and in a terminal."""

    caption: str
    header: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def _repr_html_(self) -> str:
        return tables.table(self.caption, self.header, self.rows)

    def __str__(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(len(str(row[i])) for row in lines) for i in range(len(self.header))]
        return "\n".join(
            [self.caption]
            + ["  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)) for row in lines]
        )


def begin(name: str) -> Lesson:
    """Bring the database to the revision before a step, wherever it is now, and take the first X-ray.

    Going forward is a plain upgrade. Before it goes back, what the learner changed is set aside as a database of its
    own, and the lesson's sentence says how to return to it.
    """
    step = chain.find(name)
    settings = server.ensure()
    here = steps.current(settings)
    said = ""
    if here == BASE or here in [one.name for one in chain.upto(step.before)]:
        if here != step.before:
            steps.upgrade(settings, step.before)
            said = f"It was at {here} and was upgraded."
    else:
        said = f"It was at {here} and was taken back. {steps.goto(settings, step.before)}"
    return Lesson(step, settings, _look(settings), said)


def begin_at_base() -> str:
    """Bring the database to empty, what was in it kept, and say so: where the first notebook starts."""
    settings = server.ensure()
    jump = "" if steps.current(settings) == BASE else steps.goto(settings, BASE)
    return f"The database is empty: no revision has run. {jump}".strip()


def _look(settings: Settings) -> xray.Snapshot:
    with database.connect(settings) as connection:
        return xray.snapshot(connection)


def _words(name: str) -> str:
    return name.replace("_", " ") if name in MEASURES else f"rows in {name}"
