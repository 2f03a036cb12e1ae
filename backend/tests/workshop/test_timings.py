"""The plans for instructors are added up from the notebooks, and one that is too full is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shop.settings import ROOT
from workshop import chain
from workshop.generated import timings
from workshop.generated.timings import Plan

PAGE = ROOT / "docs" / "guides" / "instructors.md"


def test_a_plan_adds_up_what_the_notebooks_say():
    plan = Plan("an hour", 60, ("0001", "0003", "lab_break_the_graph"))
    each = [timings.minutes(chain.notebook(name)) for name in (*_names("0001", "0003"), "lab_break_the_graph")]
    assert plan.walked == sum(each) > 0


def _names(*numbers: str) -> list[str]:
    return [chain.find(number).name for number in numbers]


def test_every_plan_stands_in_the_table_with_its_sum():
    rows = timings.plans(PAGE).splitlines()[2:]
    assert len(rows) == len(timings.PLANS)
    for plan, row in zip(timings.PLANS, rows, strict=True):
        assert row.startswith(f"| {plan.title} | ")
        assert row.endswith(f" | {plan.walked} | {plan.minutes - plan.walked} |")
        assert len(re.findall(r"\.ipynb\)", row)) == len(plan.notebooks)


def test_a_plan_that_is_too_full_is_refused(monkeypatch):
    monkeypatch.setattr(timings, "PLANS", (Plan("20 minutes", 20, ("0003",)),))
    with pytest.raises(ValueError, match="leaves 0 minutes"):
        timings.plans(PAGE)


def test_a_missing_notebook_is_named():
    with pytest.raises(timings.MissingNotebookError, match=r"notebooks/0015_nothing\.ipynb is missing"):
        timings.minutes(Path("notebooks/0015_nothing.ipynb"))
