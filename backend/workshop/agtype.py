"""agtype, the type of everything that Apache AGE answers, as Python values.

Written as text, it is JSON with marks: `{...}::vertex`, `{...}::edge`, `[...]::path`, `1.5::numeric`. A string may hold
anything, these marks and quotes included, so the marks are looked for outside of strings only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

SHOWN = ("name", "title", "id")  # properties that tell a reader which vertex it is; the first one that is there


@dataclass(frozen=True)
class Vertex:
    """A vertex: the number that AGE gave it, its label, its properties."""

    id: int
    label: str
    properties: Mapping[str, Any] = field(hash=False)

    @property
    def caption(self) -> str:
        """Return what to call it: its name, its title, else its label and key."""
        for name in SHOWN[:-1]:
            if self.properties.get(name) is not None:
                return str(self.properties[name])
        key = self.properties.get(SHOWN[-1])
        return self.label if key is None else f"{self.label} {str(key)[:8]}"  # of a UUID the beginning is enough

    def __str__(self) -> str:
        return f"(:{self.label} {_told(self.properties)})"


@dataclass(frozen=True)
class Edge:
    """An edge: its number, its label, the numbers of the vertices where it starts and ends, its properties."""

    id: int
    label: str
    start: int
    end: int
    properties: Mapping[str, Any] = field(hash=False)

    def __str__(self) -> str:
        return f"[:{self.label}{' ' + _told(self.properties) if self.properties else ''}]"


@dataclass(frozen=True)
class Path:
    """A path: vertex, edge, vertex, ..., vertex."""

    elements: tuple[Vertex | Edge, ...]

    @property
    def vertices(self) -> tuple[Vertex, ...]:
        return tuple(one for one in self.elements if isinstance(one, Vertex))

    @property
    def edges(self) -> tuple[Edge, ...]:
        return tuple(one for one in self.elements if isinstance(one, Edge))

    def __str__(self) -> str:
        """Return the captions, joined by arrows that point as the edges do."""
        words = [str(self.elements[0].caption)] if isinstance(self.elements[0], Vertex) else []
        for edge, vertex in zip(self.edges, self.vertices[1:], strict=True):
            line = f"-[{edge.label}]-"
            words += [f"{line}>" if edge.end == vertex.id else f"<{line}", vertex.caption]
        return " ".join(words)


def _told(properties: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{name}: {json.dumps(value, ensure_ascii=False, default=str)}"
                           for name, value in properties.items()) + "}"  # fmt: skip


# NUL is the one character that no text in PostgreSQL can hold: a key that begins with it is ours.
_MARK = "\\u0000"
_SAID = "\0"
_PIECES = re.compile(
    r'"(?:[^"\\]|\\.)*"|(?P<number>-?(?:\d[\d.]*(?:[eE][+-]?\d+)?|Infinity)|NaN)::numeric|\}::(?P<map>vertex|edge)|\]::path',
    re.DOTALL,
)


def read(text: str | None) -> Any:
    """Return the Python value of an agtype text.

    Maps and lists become dict and list, numeric becomes Decimal, the others Vertex, Edge and Path; null is None.
    """
    if text is None:
        return None
    if "::" in text:
        text = _PIECES.sub(_marked, text)
    return _with_paths(json.loads(text, object_pairs_hook=_object, strict=False))


def _marked(found: re.Match[str]) -> str:
    """Write a mark as JSON inside the value that it follows."""
    if found["number"]:
        return f'{{"{_MARK}": "numeric", "value": "{found["number"]}"}}'
    if found["map"]:
        return f', "{_MARK}": "{found["map"]}"}}'
    return f', "{_MARK}"]' if found[0] == "]::path" else found[0]


def _object(pairs: list[tuple[str, Any]]) -> Any:
    found = dict(pairs)
    kind = found.pop(_SAID, None)
    if kind == "numeric":
        return Decimal(found["value"])
    if kind == "vertex":
        return Vertex(found["id"], found["label"], found["properties"])
    if kind == "edge":
        return Edge(found["id"], found["label"], found["start_id"], found["end_id"], found["properties"])
    return found


def _with_paths(value: Any) -> Any:
    """Return the value with every list that carries the mark as a Path."""
    if isinstance(value, dict):
        return {name: _with_paths(one) for name, one in value.items()}
    if not isinstance(value, list):
        return value
    if value and value[-1] == _SAID:
        return Path(tuple(value[:-1]))
    return [_with_paths(one) for one in value]
