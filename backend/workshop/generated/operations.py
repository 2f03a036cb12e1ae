"""The reference of the shop's own operations, from their signatures, their docstrings and what they write."""

from __future__ import annotations

import inspect
import textwrap
from pathlib import Path
from types import ModuleType

from alembic.operations import MigrateOperation, Operations

from shop.settings import BACKEND, DATA
from workshop import chain
from workshop.chain import Step
from workshop.generated import climb, paper
from workshop.generated.markdown import code, fenced, folded, link, prose, summary, table

SHOWN, WIDTH = 24, 140  # lines of a script, characters of a line


def source() -> bytes:
    """Return a hash of the operations, of the revisions that use them, and of what they load."""
    here = Path(__file__)
    return climb.hash_of(
        [
            *(here.with_name(name) for name in ("operations.py", "paper.py", "markdown.py")),
            *(step.revision for step in chain.steps()),
            *sorted((BACKEND / "shop" / "operations").glob("*.py")),
            *sorted(DATA.glob("*.csv")),
            *sorted((DATA / "documents").glob("*.md")),
        ]
    )


def text(page: Path) -> str:
    """Return an overview and the reference, module by module."""
    climb.require_local()
    scripts = paper.scripts()
    everything = {name: one for module in paper.modules() for name, one in paper.operations_of(module).items()}
    rows = [
        [f"[{code(f'op.{name}')}](#op{name})", summary(_documented(name)), _users(page, name)] for name in everything
    ]
    blocks = [table(["operation", "what it does", "used by"], rows)]
    for module in paper.modules():
        blocks.append(_module(page, module))
        blocks += [
            _operation(page, name, one, *scripts.get(one, (None, "")))
            for name, one in paper.operations_of(module).items()
        ]
    return "\n".join(blocks)


def _module(page: Path, module: ModuleType) -> str:
    path = Path(inspect.getfile(module))
    name = module.__name__.rpartition(".")[2]
    return f"## The module {code(name)}\n\n{prose(module.__doc__ or '', path)}\n{link(page, path, 'Its source')}.\n"


def _operation(page: Path, name: str, one: type[MigrateOperation], step: Step | None, script: str) -> str:
    documented = prose(_documented(name))
    users = _users(page, name) or "no revision; it is there for yours"
    lines = [f"### {code(f'op.{name}')}\n", fenced(f"op.{name}{_signature(name, one)}", "text")]
    lines += [documented, f"Used by {users}.\n"]
    if step:
        lines.append(folded(f"With <code>--sql</code>, first in {step.name}", fenced(_shortened(script), "text")))
    return "\n".join(lines)


def _signature(name: str, one: type[MigrateOperation]) -> str:
    """Return the arguments as a revision gives them; where the operation hands them on, those of the class itself."""
    arguments = list(inspect.signature(getattr(one, name)).parameters.values())[1:]
    if any(argument.kind is argument.VAR_KEYWORD for argument in arguments):
        arguments = list(inspect.signature(one).parameters.values())
    words = []
    for argument in arguments:
        if argument.kind is argument.KEYWORD_ONLY and "*" not in words:
            words.append("*")
        default = "" if argument.default is argument.empty else f" = {argument.default!r}"
        words.append(f"{argument.name}: {argument.annotation}{default}")
    line = f"({', '.join(words)})"
    return line if len(line) < 100 else "(\n    " + ",\n    ".join(words) + ",\n)"


def _documented(name: str) -> str:
    """Return the docstring of an operation; Alembic puts another one in its place and keeps ours at its proxy."""
    return inspect.getdoc(getattr(Operations, name)) or ""


def _users(page: Path, name: str) -> str:
    steps = [step for step in chain.steps() if any(name in names for names in paper.called(step).values())]
    return ", ".join(link(page, step.page, step.name) for step in steps)


def _shortened(script: str) -> str:
    """Return the beginning of a script, each line no longer than a page is wide."""
    lines = [textwrap.shorten(line, WIDTH, placeholder=" ...") if len(line) > WIDTH else line.rstrip()
             for line in script.splitlines()]  # fmt: skip
    if len(lines) <= SHOWN + 1:
        return "\n".join(lines)
    return "\n".join([*lines[:SHOWN], f"... and {len(lines) - SHOWN:,} more lines"])
