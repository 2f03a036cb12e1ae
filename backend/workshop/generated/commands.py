"""The reference of the commands: `workshop`, the targets of make, what a notebook can say."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from shop.settings import ROOT
from workshop.generated.markdown import code, fenced, plain, prose, summary, table


def workshop_commands(_: Path) -> str:
    """Return every subcommand of `workshop` with its arguments and options, as click knows them."""
    from workshop.cli import main

    found = list(_commands("workshop", main))
    rows = [[f"[{code(name)}](#{name.replace(' ', '-')})", summary(one.help or "")] for name, one in found]
    return "\n".join([table(["command", "what it does"], rows), *(_command(name, one) for name, one in found)])


def _commands(name: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    for word, one in group.commands.items():
        if isinstance(one, click.Group):
            yield from _commands(f"{name} {word}", one)
        else:
            yield f"{name} {word}", one


def _command(name: str, one: click.Command) -> str:
    context = click.Context(one, info_name=name)
    usage = one.get_usage(context).removeprefix("Usage: ")
    rows = [
        [code(record[0]), plain(record[1])]
        for option in one.get_params(context)
        if isinstance(option, click.Option)
        and "--help" not in option.opts
        and (record := option.get_help_record(context))
    ]
    blocks = [f"### {code(name)}\n", fenced(" ".join(usage.split()), "text"), prose(one.help or "")]
    return "\n".join([*blocks, *([table(["option", "what it does"], rows)] if rows else [])])


def make_targets(_: Path) -> str:
    """Return the targets that explain themselves in the Makefile."""
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    found = [one for one in (re.match(r"([a-z-]+):.*## (.*)", line) for line in lines) if one]
    return table(["target", "what it does"], [[code(f"make {one[1]}"), summary(one[2])] for one in found])


def magics(_: Path) -> str:
    """Return the magics that `%load_ext workshop` brings."""
    from workshop import cypher
    from workshop import magics as sql
    from workshop.labs.cells import LabMagics
    from workshop.terminal import TerminalMagics

    blocks = [
        f"### The magics `%sql` and `%%sql`\n\n{prose(sql.__doc__ or '', titled=False)}",
        f"### The magic `%%cypher`\n\n{prose(cypher.__doc__ or '', titled=False)}",
    ]
    for holder in (TerminalMagics, LabMagics):
        for kind, sign in (("line", "%"), ("cell", "%%")):
            for name, function in holder.magics[kind].items():
                described = getattr(holder, function).__doc__ or ""
                blocks.append(f"### The magic {code(sign + name)}\n\n{prose(described)}")
    return "\n".join(blocks)


def calls(_: Path) -> str:
    """Return what a notebook can call: functions of `workshop`, methods of a step and of a lab."""
    import workshop
    from workshop.labs import Lab
    from workshop.lesson import Lesson

    functions = [(name, getattr(workshop, name)) for name in workshop.__all__ if name != "load_ipython_extension"]
    blocks = ["### Functions of `workshop`\n", _called("workshop", functions)]
    for heading, kind, variable in (("A step", Lesson, "step"), ("A lab", Lab, "lab")):
        methods = [(name, one) for name, one in vars(kind).items() if inspect.isfunction(one) and name[0] != "_"]
        blocks += [f"### {heading}: {code(variable)}\n", _called(variable, methods)]
    return "\n".join(blocks)


def _called(holder: str, functions: list[tuple[str, Any]]) -> str:
    rows = [[code(f"{holder}.{name}({_arguments(one)})"), summary(one.__doc__ or "")] for name, one in functions]
    return table(["call", "what it does"], rows)


def _arguments(function: Any) -> str:
    """Return the arguments of a call without their types: name, one=..., *several."""
    words = []
    for name, argument in inspect.signature(function).parameters.items():
        if name == "self":
            continue
        stars = "*" * ((argument.kind is argument.VAR_POSITIONAL) + 2 * (argument.kind is argument.VAR_KEYWORD))
        default = "" if argument.default is argument.empty else f"={argument.default!r}"
        words.append(f"{stars}{name}{default}")
    return ", ".join(words)
