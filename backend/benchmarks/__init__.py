"""What is measured, mostly as a ratio of two ways within one run; `make bench` runs all of it.

A benchmark is a module here with a function measure() that returns lines, and stands in the list of __main__.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One figure, and what is wanted of it.

    what: says what was measured; value: the figure; unit: "" for a ratio; least, most: its bounds, None where nothing
    is wanted; said: what else there is to know, such as the two figures of a ratio.
    """

    what: str
    value: float
    unit: str = ""
    least: float | None = None
    most: float | None = None
    said: str = ""

    @property
    def holds(self) -> bool:
        return (self.least is None or self.value >= self.least) and (self.most is None or self.value <= self.most)

    @property
    def wanted(self) -> str:
        bounds = [("at least", self.least), ("at most", self.most)]
        return ", ".join(f"{word} {_number(bound)}" for word, bound in bounds if bound is not None)

    @property
    def measured(self) -> str:
        return f"{_number(self.value)} {self.unit}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
