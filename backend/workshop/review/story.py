"""The story of a revision: what it says about itself, and what it does on the way up and on the way down."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from typing import Any

from workshop.review.operations import deeds_of
from workshop.review.source import Source
from workshop.review.sql import Deed
from workshop.review.values import Call, Text
from workshop.review.walk_through import WalkThrough


@dataclass(frozen=True, eq=False)
class Act:
    """One deed with the line that does it and the call that it came from."""

    deed: Deed
    line: int
    call: Call


@dataclass(frozen=True, eq=False)
class Story:
    """A revision, walked through in both directions."""

    source: Source
    revision: Any
    down_revision: Any
    up_calls: list[Call]
    down_calls: list[Call]

    @property
    def is_merge(self) -> bool:
        return isinstance(self.down_revision, list | tuple) and len(self.down_revision) > 1

    @functools.cached_property
    def up(self) -> list[Act]:
        return acts(self.source, self.up_calls)

    @functools.cached_property
    def down(self) -> list[Act]:
        return acts(self.source, self.down_calls)

    @functools.cached_property
    def made(self) -> set[str]:
        """The tables that upgrade() creates."""
        return {act.deed.name for act in self.up if (act.deed.verb, act.deed.sort) == ("create", "table")}

    def function(self, name: str) -> ast.FunctionDef | None:
        return self.source.functions.get(name)


def tell(source: Source) -> Story:
    """Walk through a revision in both directions; nothing of it is run."""
    walk = WalkThrough(source.tree)
    names = walk.globals.values
    ups = walk.enter("upgrade")
    downs = walk.enter("downgrade")
    return Story(source, names.get("revision"), names.get("down_revision"), ups, downs)


def acts(source: Source, calls: list[Call]) -> list[Act]:
    """Return the deeds of calls, in order, each with its line."""
    return [Act(deed, _line(source, call, deed), call) for call in calls for deed in deeds_of(call)]


def _line(source: Source, call: Call, deed: Deed) -> int:
    own = next((option for option in deed.options if option.startswith("line ")), "")
    if own:
        return int(own.removeprefix("line ")) or call.line
    return line_in(source, call, deed.text) if deed.text else call.line


def line_in(source: Source, call: Call, written: str) -> int:
    """Return the line on which a piece of a call's SQL text stands."""
    known = str(Text((written,))).partition("hole__")[0]
    return source.line_of(known, call.line, call.node.end_lineno or call.line)
