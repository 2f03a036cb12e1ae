"""How much of the workshop fits into how much time: the plans of docs/guides/instructors.md, added up."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from shop.errors import ExplainedError
from workshop import chain
from workshop.chain import START
from workshop.generated import markdown

LEAST_ROOM = 0.1  # of the time: for a welcome, pauses and questions; a plan with less is refused


class MissingNotebookError(ExplainedError):
    """A step or a lab has no notebook yet."""


@dataclass(frozen=True)
class Plan:
    """What is walked in a time: notebooks by the number or the whole name; minutes: of the whole meeting."""

    title: str
    minutes: int
    notebooks: tuple[str, ...]

    @property
    def walked(self) -> int:
        """The sum of the minutes that the notebooks themselves say they take."""
        return sum(minutes(chain.notebook(_name(one))) for one in self.notebooks)


SHORT = tuple(name[:4] for name in chain.SHORT_PATH)
PLANS = (
    Plan("45 minutes", 45, ("0001", "0003")),
    Plan("90 minutes", 90, ("0000", "0001", "0002", "0003", "0006")),
    Plan("180 minutes", 180, tuple(sorted((*SHORT, "0005", "0007")))),
    Plan(
        "a full day",
        420,
        (START[:4], *(step.number for step in chain.steps()), *chain.LABS[:3]),
    ),
)


def _name(short: str) -> str:
    if short == START[:4]:
        return START
    return chain.find(short).name if short.isdigit() else short


@cache
def minutes(notebook: Path) -> int:
    """Return the minutes that a notebook says it takes, in its first cell: "**8 minutes**"."""
    if not notebook.exists():
        raise MissingNotebookError(f"notebooks/{notebook.name} is missing: each step and each lab has one of its name.")
    # A notebook is JSON; nbformat would do no more here, and takes a second to import.
    first = "".join(json.loads(notebook.read_text(encoding="utf-8"))["cells"][0]["source"])
    found = re.search(r"\*\*(\d+) minutes", first)
    if not found:
        raise ValueError(f'{notebook.name}: the first cell does not say "**<n> minutes**"')
    return int(found[1])


def plans(page: Path) -> str:
    """Return the plans: what is walked, its minutes, and what is left for everything else.

    Raises:
        ValueError: a plan leaves too little for a welcome, pauses and questions.
    """
    rows = []
    for plan in PLANS:
        left = plan.minutes - plan.walked
        if left < plan.minutes * LEAST_ROOM:
            raise ValueError(f"The plan for {plan.title} leaves {left} minutes for all but notebooks: take one out.")
        names = [markdown.link(page, chain.notebook(_name(one)), one.replace("_", " ")) for one in plan.notebooks]
        rows.append([plan.title, ", ".join(names), plan.walked, left])
    return markdown.table(["time", "notebooks", "their minutes:", "left:"], rows)
