"""What a rule says, and the list of all rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from workshop.review.story import Story

Hits = Iterator[tuple[int, str]]  # line, reason


@dataclass(frozen=True)
class Finding:
    """One defect: where, which rule, why it matters, what to do."""

    path: str
    line: int
    rule: str
    reason: str
    mend: str


@dataclass(frozen=True)
class Rule:
    """A rule: a function from the story of a revision to lines and reasons; its docstring explains it."""

    id: str
    title: str
    mend: str
    find: Callable[[Story], Hits]

    @property
    def explanation(self) -> str:
        return inspect.getdoc(self.find) or ""


RULES: dict[str, Rule] = {}


def rule(number: str, title: str, mend: str) -> Callable[[Callable[[Story], Hits]], Callable[[Story], Hits]]:
    """Put a function on the list of rules. mend: one sentence that says what to do."""

    def register(find: Callable[[Story], Hits]) -> Callable[[Story], Hits]:
        if number in RULES:
            raise ValueError(f"two rules are called {number}")
        RULES[number] = Rule(number, title, mend, find)
        return find

    return register
