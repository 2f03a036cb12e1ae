"""The reference of the revisions: what each says of itself, which operations it calls, and what was seen of it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from shop.settings import ROOT
from workshop import chain
from workshop.chain import Step
from workshop.generated import climb, paper
from workshop.generated.markdown import code, link, plain, prose, table
from workshop.xray import Difference
from workshop.xray.show import short

SCHEMA = ROOT / "docs" / "reference" / "schema.md"


def source() -> bytes:
    """Return a hash of the chain, and of how this is made."""
    here = Path(__file__)
    files = [here, here.with_name("paper.py"), here.with_name("markdown.py")]
    return climb.made_from(chain.steps()[-1]) + climb.hash_of(files)


def text(page: Path) -> str:
    """Return the chain as a table, and a section for each revision."""
    rows = []
    for step in chain.steps():
        seen = climb.climbed().difference(step)
        rows.append([f"[{code(step.name)}](#{step.name})", step.title, kind(step, seen), plain(seen.summary())])
    blocks = [table(["revision", "title", "kind", "what it changes"], rows)]
    blocks += [_one(page, step, climb.climbed().difference(step)) for step in chain.steps()]
    return "\n".join(blocks)


def kind(step: Step, seen: Difference) -> str:
    """Return in two or three words what sort of a revision it is, by what it changed."""
    if any(name for kind_, name in seen.added if kind_ == "graph"):
        word = "graph"
    elif any(fields.get("makers") for fields in seen.added.values()):
        word = "filled by a model"
    elif seen.count("table"):
        word = "schema"
    elif seen.count("index"):
        word = "indexes"
    else:
        word = "data"
    return word + (", plain SQL" if set(paper.called(step)["upgrade"]) == {"execute"} else "")


def _one(page: Path, step: Step, seen: Difference) -> str:
    links = [
        link(page, step.page, "page"),
        link(page, step.notebook, "notebook"),
        link(page, step.revision, "source"),
        link(page, step.test, "test"),
    ]
    before = "nothing" if step.before == chain.BASE else f"[{step.before}](#{step.before})"
    says, loses = docstring(step)
    calls = paper.called(step)
    tables = [short(name) for kind_, name in seen.added if kind_ == "table"]
    rows = [
        ["stands on", before],
        ["kind", kind(step, seen)],
        ["the upgrade calls", _operations(page, calls["upgrade"])],
        ["the downgrade calls", _operations(page, calls["downgrade"])],
        ["tables it makes", ", ".join(link(page, SCHEMA, code(name), f"#{name}") for name in tables) or "none"],
        ["what it changes", plain(seen.summary())],
    ]
    heading = f"## {step.name}\n\n**{step.title}** · {' · '.join(links)}\n"
    told = "".join(f"- {name}: {words}\n" for name, words in rows)
    return "\n".join([heading, prose(says), f"**Its downgrade.** {prose(loses)}", told])


def docstring(step: Step) -> tuple[str, str]:
    """Return what a revision says of itself, and of its downgrade: from that sentence to the end of the paragraph.

    Raises:
        ValueError: it says nothing of its downgrade.
    """
    whole = ast.get_docstring(ast.parse(step.source())) or ""
    paragraphs = [one for one in whole.split("\n\n")[1:] if not one.startswith("Revision ID")]
    told = [n for n, one in enumerate(paragraphs) if "downgrade" in one]
    if not told:
        raise ValueError(f"{step.name}: the docstring does not say what the downgrade loses.")
    sentences = re.split(r"(?<=[.:?])\s+(?=[A-Z])", paragraphs[told[-1]])
    first = next(n for n, one in enumerate(sentences) if "downgrade" in one)
    paragraphs[told[-1]] = " ".join(sentences[:first])
    return "\n\n".join(filter(None, paragraphs)), " ".join(sentences[first:])


def _operations(page: Path, names: list[str]) -> str:
    ours = {name for module in paper.modules() for name in paper.operations_of(module)}
    reference = page.with_name("operations.md")
    return ", ".join(
        link(page, reference, code(f"op.{name}"), f"#op{name}") if name in ours else code(f"op.{name}")
        for name in names
    )
