"""The notebooks themselves: their form, and that they run in order, alone, twice, and after any other."""

from __future__ import annotations

import random
import re

import nbformat
import pytest

from shop.settings import ROOT
from workshop import chain, labs, walk

PATHS = {path.stem: path for path in walk.notebooks()}


@pytest.fixture(params=PATHS)
def notebook(request):
    return nbformat.read(PATHS[request.param], as_version=4)


def code_cells(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


@pytest.mark.xdist_group("walk")  # with the tests of the site, which shows what this leaves in build/notebooks
def test_every_notebook_passes_in_order(settings):
    seen = list(walk.walk(settings, PATHS.values()))
    assert [(one.name, one.failure) for one in seen] == [(name, "") for name in PATHS]


@pytest.mark.slow
def test_every_notebook_passes_in_a_shuffled_order_one_of_them_twice(settings, tmp_path):
    order = [*PATHS.values()]
    random.Random(20261121).shuffle(order)
    order = [order[0], *order]
    seen = list(walk.walk(settings, order, executed=tmp_path))
    assert [(one.name, one.failure) for one in seen] == [(path.stem, "") for path in order]


def test_first_cell_has_title_and_minutes(notebook):
    assert re.match(r"# \S.*\n\n\*\*\d+ minutes\*\* · short path: (yes|no)", notebook.cells[0].source)


def test_number_of_cells(notebook):
    is_lab = notebook.cells[0].source.startswith("# Lab: ")
    assert 15 <= len(notebook.cells) <= (60 if is_lab else 46)


def test_code_cells_are_short(notebook):
    """1 to 10 lines; a draft of a revision is a file and may be longer."""
    long = [
        source
        for source in code_cells(notebook)
        if sum(map(bool, source.splitlines())) > 10 and not source.startswith(("%%scratch", "%%solve"))
    ]
    assert long == []


def test_nothing_that_ages_or_surprises(notebook):
    for source in code_cells(notebook):
        assert "!pip" not in source and "%autoreload" not in source
        assert not re.search(r"(?<![\w.])/(home|root|tmp|usr|var)/", source)
        if source.startswith("%%sql") and re.search(r"(?i)\bselect\b", source) and "(*)" not in source:
            assert re.search(r"(?i)order by|returning|alembic_version", source), source


def test_outputs_are_stripped(notebook):
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in notebook.cells)


@pytest.mark.parametrize("name", [step.name for step in chain.steps()])
def test_a_step_follows_the_order_of_the_sections(name):
    text = "\n".join(cell.source for cell in nbformat.read(PATHS[name], as_version=4).cells)
    marks = ["## The question", f'workshop.begin("{name}")', "step.source(", "step.predict(", "step.upgrade()",
             "step.compare()", "## Look", "## Break it once", "step.check()", "step.downgrade()", "step.gone()",
             "step.finish()", "## What we learned", "**Next:**"]  # fmt: skip
    for mark in marks:
        assert mark in text, f"{name} has no {mark}"
    ordered = [mark for mark in marks if mark not in ("## Break it once", "step.check()")]
    places = [text.index(mark) for mark in ordered]
    assert places == sorted(places)
    assert code_cells(nbformat.read(PATHS[name], as_version=4))[-1] == "step.finish()"


@pytest.mark.parametrize("name", chain.LABS)
def test_a_lab_goes_through_its_exercises_in_order(name):
    sources = code_cells(nbformat.read(PATHS[name], as_version=4))
    text = "\n".join(sources)
    marks = [f'workshop.lab("{name}")']
    for exercise in labs.exercises(name):
        marks += [f'lab.plant("{exercise}")', f"%%solve {exercise}\n...", f'lab.check("{exercise}")']
    assert [mark for mark in marks if mark not in text] == []
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    assert sources[-1] == "lab.finish()"


@pytest.mark.parametrize("name", chain.LABS)
def test_a_lab_has_one_title_in_module_notebook_and_page(name):
    title = labs.title(name)
    page = ROOT / "docs" / "labs" / f"{name}.md"
    assert nbformat.read(PATHS[name], as_version=4).cells[0].source.startswith(f"# {title}\n")
    assert page.read_text(encoding="utf-8").startswith(f"# {title}\n")
