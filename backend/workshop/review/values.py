"""What is known of a value without running the program.

A Python constant stands for itself. The rest is one of the classes below, each of which says why the value is not
known and as much of it as is.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

HOLE = "hole__"  # what stands in a text for a part that is not known
CONSTANT = (str, int, float, bool, type(None), bytes)


@dataclass(frozen=True)
class Loop:
    """A loop that is being walked.

    kind: "constant" (over a list that stands in the file), "data", "while".
    """

    node: ast.AST
    kind: str


@dataclass(frozen=True)
class Unknown:
    """A value that only the run would tell.

    kind: "data"; "counter", a number that a loop counts; "json", a text made by json.dumps.
    loops: the loops over data of which it is one element, or a part of one.
    """

    kind: str = "data"
    loops: frozenset[Loop] = frozenset()


@dataclass(frozen=True)
class Hole:
    """A part of a text that is not known. line: where it was put in. safe: a quoted identifier or a counter."""

    value: Any
    line: int
    safe: bool


@dataclass(frozen=True)
class Text:
    """A text that is known in part."""

    parts: tuple[str | Hole, ...]

    def __str__(self) -> str:
        return "".join(part if isinstance(part, str) else HOLE for part in self.parts)

    @property
    def holes(self) -> list[Hole]:
        return [part for part in self.parts if isinstance(part, Hole)]


@dataclass(frozen=True)
class Ref:
    """Something imported or built in, by its full name: sqlalchemy.Column, builtins.len."""

    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


@dataclass(frozen=True)
class Made:
    """The result of a call that is not followed: sa.Column("id", sa.Integer), users.insert(), op.get_bind()."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict, hash=False)
    base: Any = None
    line: int = 0


@dataclass(frozen=True)
class Method:
    """A method of a value, not called yet."""

    base: Any
    name: str


@dataclass(frozen=True, eq=False)
class Scope:
    """Names and their values: of the module, of a call, or of a class defined in the file."""

    values: dict[str, Any]
    outer: Scope | None = None
    fields: tuple[str, ...] = ()
    name: str = ""

    def find(self, name: str) -> Any:
        if name in self.values:
            return self.values[name]
        return self.outer.find(name) if self.outer else Ref(f"builtins.{name}")


@dataclass(frozen=True, eq=False)
class Function:
    """A function or lambda of the file."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope
    defaults: tuple[Any, ...] = ()
    kw_defaults: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class Call:
    """One call that may touch the database, as it was met on the way through upgrade() or downgrade().

    autocommit: inside `autocommit_block()`. guards: the tests of the `if`s around it, as source text.
    """

    name: str
    receiver: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    node: ast.Call
    loops: tuple[Loop, ...]
    autocommit: bool
    guards: tuple[str, ...]

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def on_op(self) -> bool:
        return self.receiver == Ref("alembic.op") or self.batch is not None

    @property
    def batch(self) -> Made | None:
        """The `op.batch_alter_table(...)` it belongs to."""
        made = self.receiver
        return made if isinstance(made, Made) and made.name == "batch_alter_table" else None

    def argument(self, position: int, name: str) -> Any:
        """Return an argument given by position or by name; None when it was not given."""
        return self.args[position] if position < len(self.args) else self.kwargs.get(name)


def is_known(value: Any) -> bool:
    """Tell whether a value is a constant through and through."""
    if isinstance(value, dict):
        return all(is_known(k) and is_known(v) for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return all(map(is_known, value))
    return isinstance(value, CONSTANT)


def within(value: Any) -> Iterator[Any]:
    """Yield a value and everything inside it."""
    yield value
    inside: list[Any] = []
    if isinstance(value, dict):
        inside = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        inside = list(value)
    elif isinstance(value, Made):
        inside = [*value.args, *value.kwargs.values(), value.base]
    elif isinstance(value, Text):
        inside = [hole.value for hole in value.holes]
    elif isinstance(value, Method):
        inside = [value.base]
    for one in inside:
        yield from within(one)


def loops_of(*values: Any) -> frozenset[Loop]:
    """Return the loops over data that a value takes an element of."""
    found: frozenset[Loop] = frozenset()
    for value in values:
        for one in within(value):
            if isinstance(one, Unknown):
                found |= one.loops
    return found
