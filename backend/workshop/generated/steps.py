"""The tables of steps and labs, and the line of links below the title of a step's page."""

from __future__ import annotations

from pathlib import Path

from shop.settings import ROOT
from workshop import chain, labs
from workshop.chain import Step
from workshop.generated.markdown import link, table
from workshop.generated.timings import minutes


def steps_table(page: Path) -> str:
    """Return the table of steps: name, title, minutes, links."""
    rows = []
    for step in chain.steps():
        links = [
            link(page, step.notebook, "notebook"),
            link(page, step.page, "page"),
            link(page, step.revision, "revision"),
        ]
        rows.append([f"`{step.name}`", step.title, minutes(step.notebook), ", ".join(links)])
    return table(["step", "what you meet", "minutes", ""], rows)


def labs_table(page: Path) -> str:
    """Return the table of labs: name, exercises, minutes, links."""
    rows = []
    for name in chain.LABS:
        notebook = chain.notebook(name)
        links = [link(page, notebook, "notebook"), link(page, ROOT / "docs" / "labs" / f"{name}.md", "page")]
        rows.append([labs.listed_title(name), len(labs.exercises(name)), minutes(notebook), ", ".join(links)])
    return table(["lab", "exercises:", "minutes:", ""], rows)


def step_line(page: Path, step: Step) -> str:
    """Return the minutes of a step, and the links to all that belongs to it and to its neighbours."""
    words = [f"**{minutes(step.notebook)} minutes**"]
    words += [
        link(page, step.notebook, "notebook"),
        link(page, step.revision, "revision"),
        link(page, step.test, "test"),
    ]
    number = chain.steps().index(step)
    if number:
        before = chain.steps()[number - 1]
        words.append("before: " + link(page, before.page, before.name))
    for after in chain.steps()[number + 1 : number + 2]:
        words.append("next: " + link(page, after.page, after.name))
    return " ·\n".join(words) + "\n"


def short_path(page: Path) -> str:
    """Return the notebooks of the short path with their minutes, and the sum."""
    titles = {step.name: f"{step.number} {step.title}" for step in chain.steps()}
    lines = [
        f"- {link(page, chain.notebook(name), titles.get(name, 'Start here'))}, {minutes(chain.notebook(name))} minutes"
        for name in chain.SHORT_PATH
    ]
    in_all = sum(minutes(chain.notebook(name)) for name in chain.SHORT_PATH)
    return "\n".join([*lines, "", f"Together they take {in_all} minutes.", ""])
