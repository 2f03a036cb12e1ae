"""The steps of the workshop, read from the revisions themselves.

A step has one name, and the name is the revision's id: `select version_num from alembic_version` prints the name of the
notebook, of the page and of the test. Nothing here needs a database.
"""

from __future__ import annotations

import ast
import difflib
import functools
import re
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from shop.errors import ExplainedError
from shop.settings import BACKEND, ROOT

BASE = "base"
START = "0000_start_here"
LABS = (
    "lab_write_your_own_revision",
    "lab_roll_back_and_repair",
    "lab_break_it_and_repair_it",
    "lab_vector_laboratory",
    "lab_break_the_graph",
    "lab_ask_it_four_ways",
    "lab_ship_it",
)
SHORT_PATH = (
    START,
    "0001_create_sample_table",
    "0002_create_catalog",
    "0003_seed_catalog",
    "0006_embed_catalog",
    "0012_score_sentiment",
    "0013_build_graph",
)
# What a step is about, by the verb in its name; a verb that is not here changes the schema.
KINDS = {"seed": "data", "embed": "AI", "score": "AI", "index": "index", "build": "graph"}


class UnknownStepError(ExplainedError):
    """No step goes by this name."""


@dataclass(frozen=True)
class Step:
    """One step: a revision with its notebook, page and test.

    name: the revision's id; title: line 1 of its docstring; before: the revision it stands on, or "base".
    """

    name: str
    title: str
    before: str
    revision: Path

    @property
    def number(self) -> str:
        return self.name[:4]

    @property
    def kind(self) -> str:
        """What the step is about: schema, data, AI, index or graph."""
        return KINDS.get(self.name.split("_")[1], "schema")

    @property
    def notebook(self) -> Path:
        return notebook(self.name)

    @property
    def page(self) -> Path:
        return ROOT / "docs" / "steps" / f"{self.name}.md"

    @property
    def test(self) -> Path:
        return BACKEND / "tests" / "revisions" / f"test_{self.name}.py"

    @property
    def extensions(self) -> frozenset[str]:
        """The extensions that the revision asks the server for."""
        return frozenset(re.findall(r'op\.create_extension\(\s*"(\w+)"', self.source()))

    def source(self, part: str | None = None) -> str:
        """Return the revision's own text, or that of one function or constant in it.

        Raises:
            UnknownStepError: the revision has no part of that name.
        """
        text = self.revision.read_text(encoding="utf-8")
        if part is None:
            return text
        for node in ast.parse(text).body:
            names = [getattr(node, "name", None), *(getattr(t, "id", None) for t in getattr(node, "targets", []))]
            if part in names:
                return ast.get_source_segment(text, node) or ""
        raise UnknownStepError(f'The revision {self.name} has no part called "{part}".')


def notebook(name: str) -> Path:
    """Return the notebook of a step, a lab or the start."""
    return ROOT / "notebooks" / f"{name}.ipynb"


def alembic_config() -> Config:
    """Return Alembic's configuration as the command line would read it in backend/, but silent."""
    config = Config(BACKEND / "alembic.ini")
    config.attributes["configure_logging"] = False
    return config


@functools.cache
def steps() -> tuple[Step, ...]:
    """Return all steps, in the order in which they are walked."""
    script = ScriptDirectory.from_config(alembic_config())
    chain = reversed(list(script.walk_revisions()))
    return tuple(
        Step(r.revision, (r.doc or "").strip(), str(r.down_revision or BASE), Path(r.path))
        for r in chain
        if Path(r.path).parent == BACKEND / "alembic" / "versions"
    )


def find(text: str) -> Step:
    """Return the step for a full name, a number (`3`, `0003`) or the beginning of a name.

    Raises:
        UnknownStepError: with the names that come near.
    """
    wanted = text.zfill(4) if text.isdigit() else text
    found = [step for step in steps() if step.name.startswith(wanted)]
    if len(found) == 1:
        return found[0]
    names = [step.name for step in steps()]
    near = [step.name for step in found] or difflib.get_close_matches(text, names, cutoff=0.4) or names
    raise UnknownStepError(f'No step is called "{text}". Did you mean {", ".join(near)}?')


def upto(name: str) -> list[Step]:
    """Return the steps from the first to the named one; none for "base"."""
    names = [step.name for step in steps()]
    return list(steps()[: names.index(name) + 1]) if name in names else []
