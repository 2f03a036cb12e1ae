"""What each step promises, compared with the database as it is.

The promises of a step stand in the module of its name, as functions that return findings. A promise that looked at
nothing is not kept: silence is never a pass.
"""

from __future__ import annotations

import html
import importlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shop.errors import ExplainedError
from workshop import tables
from workshop.chain import Step


class CheckFailedError(ExplainedError):
    """At least one promise of a step is not kept."""


@dataclass(frozen=True)
class Fault:
    """One difference: what is wrong, and the likely cause."""

    what: str
    cause: str


@dataclass
class Look:
    """The hand a promise uses: it asks the database, counts what it saw and notes what is wrong."""

    connection: sa.Connection
    seen: int = 0
    faults: list[Fault] = field(default_factory=list)

    def rows(self, query: str, **parameters: Any) -> list[Any]:
        """Return the rows of a query; each counts as looked at."""
        found = list(self.connection.execute(sa.text(query), parameters).all())
        self.seen += len(found)
        return found

    def values(self, query: str, **parameters: Any) -> list[Any]:
        """Return the first column of a query."""
        return [row[0] for row in self.rows(query, **parameters)]

    def expect(self, truth: bool, what: str, cause: str) -> None:
        """Note a fault unless the condition holds."""
        if not truth:
            self.faults.append(Fault(what, cause))

    def same(self, what: str, found: Iterable[object], wanted: Iterable[object], cause: str) -> None:
        """Compare two sets and name what is missing and what is too much."""
        have, want = set(found), set(wanted)
        for word, items in (("missing", want - have), ("not expected", have - want)):
            if items:
                shown = ", ".join(sorted(map(str, items))[:5]) + (" ..." if len(items) > 5 else "")
                self.faults.append(Fault(f"{what} {word}: {shown}", cause))


Promise = Callable[[Look], None]


@dataclass(frozen=True)
class Result:
    """What became of one promise: its sentence, how many things were looked at, what is wrong."""

    promise: str
    seen: int
    faults: tuple[Fault, ...]

    @property
    def kept(self) -> bool:
        return self.seen > 0 and not self.faults

    def reasons(self) -> Iterator[str]:
        if not self.seen:
            yield "nothing was looked at, so nothing is proved"
        for fault in self.faults:
            yield f"{fault.what} ({fault.cause})"

    def mark(self) -> tables.Html:
        sign, word, color = ("✔", "kept", tables.GREEN) if self.kept else ("✘", "broken", tables.RED)
        return tables.Html(f'<span style="white-space:nowrap">{tables.mark(sign, word, color)} {word}</span>')

    def sentence(self) -> tables.Html:
        reasons = "".join(f"<br><em>{html.escape(reason)}</em>" for reason in self.reasons())
        return tables.Html(html.escape(self.promise) + reasons)


@dataclass(frozen=True)
class Report:
    """The results of all promises of a step."""

    step: str
    results: tuple[Result, ...]

    @property
    def kept(self) -> bool:
        return bool(self.results) and all(result.kept for result in self.results)

    def summary(self) -> str:
        """Return a cell for a table: "5 of 5 kept"."""
        return f"{sum(result.kept for result in self.results)} of {len(self.results)} kept"

    def require(self) -> None:
        """Raise CheckFailedError with every reason, unless all promises are kept."""
        if not self.kept:
            reasons = [f"{r.promise}: {why}" for r in self.results for why in r.reasons()] or ["no promise was checked"]
            raise CheckFailedError(f"{self.step}: " + "; ".join(reasons))

    def __str__(self) -> str:
        lines = [f"Checks of {self.step}: {self.summary()}"]
        for result in self.results:
            lines.append(f"  {'kept  ' if result.kept else 'BROKEN'}  {result.promise} (looked at {result.seen})")
            lines += [f"          - {why}" for why in result.reasons()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(result.mark(), result.sentence(), result.seen) for result in self.results]
        return tables.table(f"Checks of {self.step}: {self.summary()}", ("result", "promise", "looked at"), rows)


def module_of(step: Step) -> Path:
    return Path(__file__).parent / f"s{step.name}.py"


def promises(step: Step) -> list[Promise]:
    """Return the promises of a step: the public functions of its module, in the order in which they are written."""
    module = importlib.import_module(f"workshop.checks.s{step.name}")
    found = [one for name, one in vars(module).items() if callable(one) and not name.startswith("_")]
    return [one for one in found if getattr(one, "__module__", None) == module.__name__]


def run(step: Step, connection: sa.Connection) -> Report:
    """Check all promises of a step; the connection is left without an open transaction."""
    return Report(step.name, tuple(judge(promise, connection) for promise in promises(step)))


def judge(promise: Promise, connection: sa.Connection) -> Result:
    """Look at one promise; the connection is left without an open transaction."""
    look = Look(connection)
    try:
        promise(look)
    except sa.exc.DBAPIError as error:
        said = str(error.orig).splitlines()[0]
        look.expect(False, said, "the step's objects are not there: is the database at this step?")
    finally:
        connection.rollback()
    sentence = " ".join((promise.__doc__ or promise.__name__).split()).rstrip(".")
    return Result(sentence, look.seen, tuple(look.faults))
