"""What a step changed, as the X-ray saw it: compact on the page, the details folded away where they are many."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from shop.settings import ROOT
from workshop.chain import Step
from workshop.generated import climb
from workshop.generated.markdown import code, fenced, folded, link, plain, table
from workshop.xray import show
from workshop.xray.show import MARKS, Group, Line

SCHEMA = ROOT / "docs" / "reference" / "schema.md"
OPEN = 16  # so many lines of details are shown; more are folded away, table by table
_INDEX = re.compile(r"CREATE (?P<unique>UNIQUE )?INDEX \S+ ON \S+ USING (?P<rest>.*)", re.DOTALL)


def source(step: Step) -> bytes:
    """Return a hash of what the picture of a step follows from, and of how it is drawn."""
    return climb.made_from(step) + climb.hash_of([Path(__file__), Path(__file__).with_name("markdown.py")])


def text(page: Path, step: Step) -> str:
    """Return what a step changed: one line, a table of what differs, the details of each table."""
    seen = climb.climbed().difference(step)
    groups, others = list(show.groups(seen)), list(show.others(seen))
    from_, to = (revision or "base" for revision in seen.revisions)
    sentiments = climb.climbed().at(step).sentiments
    rows = [
        [MARKS[group.how], group.kind, _named(page, group), _said(group, sentiments.get(group.name, {}))]
        for group in groups
    ]
    rows += [[MARKS[one.how], one.kind, code(show.short(one.name)), _words(one)] for one in others]
    lines = [f"From `{from_}` to `{to}`: {plain(seen.summary())}.\n", table(["", "what", "name", "what changed"], rows)]
    lines += _details(groups)
    lines += [
        folded(f"The {one.kind} <code>{html.escape(show.short(one.name))}</code>", fenced(definition, "text"))
        for one in others
        if "\n" in (definition := seen.context[one.kind, one.name].get("definition") or "")
    ]
    return "\n".join(lines)


def _named(page: Path, group: Group) -> str:
    name = code(show.short(group.name))
    in_schema = group.kind == "table" and group.name.startswith("public.")
    return link(page, SCHEMA, name, f"#{show.short(group.name)}") if in_schema else name


def _said(group: Group, sentiments: Mapping[str, int]) -> str:
    """Return the numbers of a table; of its vectors and sentiments, too, if there are some."""
    words = [group.note] if group.note else []
    words += [
        f"vectors in {show.last(one.name)}: {one.words.partition('; ')[2]}"
        for one in group.inside
        if one.kind == "vector column" and one.how == "added"
    ]
    if sentiments and any(word in group.note for word in (" row", " rows")):
        words.append(", ".join(f"{count:,} {sentiment}" for sentiment, count in sentiments.items()))
    return plain("; ".join(words) or "; ".join(one.words for one in group.inside))


def _details(groups: Iterable[Group]) -> list[str]:
    inside = [group for group in groups if group.inside and not _told(group)]
    if sum(len(group.inside) for group in inside) <= OPEN:
        rows = [
            [MARKS[one.how], code(show.short(group.name)), *_row(one)[1:]] for group in inside for one in group.inside
        ]
        return [table(["", "in", "what", "name", "details"], rows)] if rows else []
    return [
        folded(
            f"Inside <code>{html.escape(show.short(group.name))}</code>: {html.escape(group.note)}",
            table(["", "what", "name", "details"], [_row(one) for one in group.inside]),
        )
        for group in inside
    ]


def _told(group: Group) -> bool:
    """Tell whether the line of the group has said it all."""
    return not group.note and len(group.inside) == 1 and not group.inside[0].changes


def _row(one: Line) -> list[str]:
    return [MARKS[one.how], one.kind, one.name and code(show.last(one.name)), _words(one)]


def _words(one: Line) -> str:
    """Return the details of a thing; of one that changed, each field before and after."""
    if "\n" in one.words:
        return "below"
    if one.kind == "extension":  # its version is the server's business, and another one on the next server
        return plain(re.sub(r"version [^;]+; ", "", one.words))
    if one.kind == "index" and one.how != "changed":
        return code(index(one.words))
    if one.kind == "constraint":
        return code(unqualified(one.words))
    changes = [f"{field}: {plain(before)} → {plain(after)}" for field, before, after in one.changes]
    words = re.sub(r"(^|; )comment ", r"\1comment: ", unqualified(one.words))
    return "; ".join([*([plain(words)] if words else []), *changes])


def index(definition: str) -> str:
    """Return method, columns and options of an index: all that its name and its table do not say."""
    found = _INDEX.fullmatch(definition)
    return unqualified(f"{(found['unique'] or '').lower()}{found['rest']}" if found else definition)


def unqualified(definition: str) -> str:
    """Return a definition without the schemas that the server writes for the sake of others."""
    return re.sub(r"\b(public|ag_catalog)\.", "", definition)
