"""The schema reference: every table, type, function and label of the database at the last step."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shop import models
from shop.settings import BACKEND
from workshop import chain
from workshop.chain import Step
from workshop.generated import climb
from workshop.generated.markdown import code, fenced, folded, link, plain, table
from workshop.generated.xray import index, unqualified
from workshop.xray import Snapshot
from workshop.xray.show import last, short

# The modules of shop.models, in the order of the page. None of these headings is a table's name, since both are
# anchors of the same page.
AREAS = {
    "catalog": "The catalog",
    "people": "Shoppers and reviews",
    "focus": "Focus groups and dimensions",
    "embeddings": "Embeddings of texts",
    "documents": "Documents and their chunks",
    "sentiment": "What the reviews say",
    "imports": "What an import refused",
    "sample": "The first table",
    "": "Tables without a model",
}
Fields = Mapping[str, Any]


def source() -> bytes:
    """Return a hash of what the schema follows from: the chain, the models, and how it is drawn."""
    here = Path(__file__)
    files = [here, here.with_name("markdown.py"), *sorted((BACKEND / "shop" / "models").glob("*.py"))]
    return climb.made_from(chain.steps()[-1]) + climb.hash_of(files)


def text(page: Path) -> str:
    """Return the whole reference."""
    return "\n".join(_blocks(_Head(climb.climbed(), page)))


class _Head:
    """The database at the last step, and which step made what of it."""

    def __init__(self, climb_: climb.Climb, page: Path) -> None:
        self.climb, self.page = climb_, page
        self.seen: Snapshot = climb_.head.seen
        self.made: dict[tuple[str, str], Step] = {}
        self.changed: dict[str, list[Step]] = defaultdict(list)
        for step in chain.steps():
            difference = climb_.difference(step)
            self.made |= dict.fromkeys(difference.added, step)
            touched = {
                str(fields["table"])
                for (_, name), fields in difference.added.items()
                if fields.get("table") and ("table", str(fields["table"])) not in difference.added
            }
            for name in touched:
                self.changed[name].append(step)

    def things(self, kind: str, of: str | None = None) -> Iterator[tuple[str, Fields]]:
        """Yield name and fields of the things of a kind, those of one table only if it is named."""
        for name in self.seen.names(kind):
            fields = self.seen.items[kind, name]
            if of is None or fields.get("table") == of:
                yield name, fields

    def step(self, step: Step) -> str:
        return link(self.page, step.page, step.name)


def _blocks(head: _Head) -> Iterator[str]:
    areas = _areas(head.seen)
    yield table(
        ["area", "tables"],
        [[f"[{AREAS[area]}](#{slug(AREAS[area])})", ", ".join(map(_to_table, names))] for area, names in areas.items()],
    )
    for area, names in areas.items():
        yield f"## {AREAS[area]}\n"
        yield from (_one_table(head, f"public.{name}") for name in names)
    yield "## Vector columns\n"
    yield _vectors(head)
    yield "## Enum types\n"
    yield _enums(head)
    yield "## Functions and triggers\n"
    yield _functions(head)
    yield "## Extensions\n"
    yield table(
        ["extension", "schema", "made by"],
        [[code(name), code(str(of["schema"])), head.step(head.made["extension", name])]
         for name, of in head.things("extension")],
    )  # fmt: skip
    yield from _graphs(head)


def _areas(seen: Snapshot) -> dict[str, list[str]]:
    """Return the tables of each area: those whose models stand in one module, in the order of the models."""
    of: dict[str, list[str]] = {area: [] for area in AREAS}
    there = [short(name) for name in seen.names("table")]
    for module in pkgutil.iter_modules(models.__path__):
        for one in vars(importlib.import_module(f"shop.models.{module.name}")).values():
            if inspect.isclass(one) and issubclass(one, models.Base) and one.__module__.endswith(f".{module.name}"):
                name = getattr(one, "__tablename__", None)
                if name in there:
                    of[module.name].append(name)
    of[""] = [name for name in there if not any(name in names for names in of.values())]
    return {area: names for area, names in of.items() if names}


def slug(heading: str) -> str:
    """Return the anchor of a heading, which GitHub and the site make alike."""
    return re.sub(r"[^\w\s-]", "", heading.lower()).replace(" ", "-")


def _to_table(name: str) -> str:
    return f"[{code(name)}](#{name})"


# -- one table ---------------------------------------------------------------------------------------------------------


def _one_table(head: _Head, name: str) -> str:
    fields = head.seen.items["table", name]
    made = [f"Made by {head.step(head.made['table', name])}"]
    made += [f"changed by {head.step(step)}" for step in head.changed.get(name, [])]
    blocks = [
        f"### {code(short(name))}\n",
        f"{plain(fields['comment'] or '')}. {', '.join(made)}. {head.seen.rows(name):,} rows at the last step.\n",
        _columns(head, name),
        _keys(head, name),
        _indexes(head, name),
    ]
    triggers = [[code(last(one)), code(unqualified(of["definition"]))] for one, of in head.things("trigger", name)]
    blocks += [table(["trigger", "definition"], triggers)] if triggers else []
    blocks += _pointing_here(head, name)
    return "\n".join(block for block in blocks if block)


def _columns(head: _Head, name: str) -> str:
    rows = []
    order = head.seen.items["table", name]["columns"]
    columns = {_bare(one): of for one, of in head.things("column", name)}
    for column in order:
        of = columns[column]
        default = code(unqualified(of["default"])) if of["default"] else ""
        default = f"identity, {of['identity']}" if of["identity"] else default
        null = "yes" if of["nullable"] else "no"
        rows.append([code(column), code(unqualified(of["type"])), null, default, plain(of["comment"] or "")])
    return table(["column", "type", "null", "default", "what it holds"], rows)


def _bare(name: str) -> str:
    return last(name).strip('"').replace('""', '"')


def _keys(head: _Head, name: str) -> str:
    rows = []
    for one, of in head.things("constraint", name):
        target = re.search(r"REFERENCES public\.(\w+)", of["definition"])
        to = f" → {_to_table(target[1])}" if target else ""
        rows.append([of["kind"], code(last(one)), code(unqualified(of["definition"])) + to])
    order = ["primary key", "foreign key", "unique", "check"]
    rows.sort(key=lambda row: (order.index(row[0]) if row[0] in order else len(order), row[1]))
    return table(["rule", "name", "definition"], rows)


def _indexes(head: _Head, name: str) -> str:
    """Return the indexes that do not come with a key or a unique rule."""
    of_rules = {last(one) for one, _ in head.things("constraint", name)}
    rows = [
        [code(last(one)), code(index(of["definition"]))]
        for one, of in head.things("index", name)
        if last(one) not in of_rules
    ]
    return table(["index", "method and columns"], rows) if rows else ""


def _pointing_here(head: _Head, name: str) -> list[str]:
    here = f"REFERENCES {name}("
    children = sorted({short(str(of["table"])) for _, of in head.things("constraint") if here in of["definition"]})
    return [f"Pointed to by {', '.join(map(_to_table, children))}.\n"] if children else []


# -- the rest ----------------------------------------------------------------------------------------------------------


def _vectors(head: _Head) -> str:
    rows = []
    for name, of in head.things("vectors"):
        place = short(name).rpartition(".")[0]
        dimension = re.search(r"\((\d+)\)", of["type"])
        indexes = [
            code(index(one["definition"]))
            for _, one in head.things("index", f"public.{place}")
            if "vector_" in one["definition"]
        ]
        filled = f"{of['filled']:,} of {of['rows']:,}"
        rows.append([_to_table(place), code(last(name)), dimension[1] if dimension else "any", filled, *indexes[:1]])
    return table(["table", "column", "dimension:", "filled:", "index"], rows)


def _enums(head: _Head) -> str:
    rows = []
    for name, of in head.things("type"):
        used = [short(column) for column, one in head.things("column") if one["type"] == name]
        values = ", ".join(map(code, of["values"] or []))
        rows.append([code(short(name)), values, ", ".join(map(code, used)), head.step(head.made["type", name])])
    return table(["type", "values", "columns", "made by"], rows)


def _functions(head: _Head) -> str:
    blocks = []
    for name, of in head.things("function"):
        blocks.append(
            f"{code(short(name))}: {plain(of['comment'] or '')}. Made by {head.step(head.made['function', name])}.\n"
        )
        blocks.append(folded("Its definition", fenced(of["definition"], "text")))
    rows = [
        [code(last(name)), _to_table(short(str(of["table"]))), code(unqualified(of["definition"]))]
        for name, of in head.things("trigger")
    ]
    return "\n".join([*blocks, table(["trigger", "table", "definition"], rows)])


def _graphs(head: _Head) -> Iterator[str]:
    labels = head.climb.labels
    for graph in sorted({one.graph for one in labels}):
        yield f"## The graph {code(graph)}\n"
        made = next(
            step for (kind, name), step in head.made.items() if kind == "graph" and name.startswith(f"{graph}.")
        )
        yield f"Made by {head.step(made)}. Every label is a table of the schema {code(graph)}.\n"
        here = [one for one in labels if one.graph == graph]
        yield table(
            ["label", "vertices:", "properties"],
            [[code(one.name), f"{one.rows:,}", _properties(one)] for one in here if one.kind == "vertex"],
        )
        yield table(
            ["label", "from", "to", "edges:", "properties"],
            [
                [code(one.name), *(", ".join(sorted({code(end[side]) for end in one.ends})) for side in (0, 1)),
                 f"{one.rows:,}", _properties(one)]
                for one in here if one.kind == "edge"
            ],
        )  # fmt: skip
        rows = [
            [code(last(name)), code(str(of["table"]).partition(".")[2].strip('"')), code(index(of["definition"]))]
            for name, of in head.things("index")
            if name.startswith(f"{graph}.")
        ]
        yield table(["index", "label", "method and columns"], rows)


def _properties(one: climb.Label) -> str:
    return ", ".join(f"{code(name)} ({kinds})" for name, kinds in one.properties.items())
