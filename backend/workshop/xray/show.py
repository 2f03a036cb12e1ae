"""Snapshots and differences as plain text for a terminal, and as HTML for a notebook and a page.

The HTML uses no script, so that it lives on in a notebook that is only read, and on a page.
"""

from __future__ import annotations

import difflib
import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workshop import tables
from workshop.xray.difference import Difference, counted
from workshop.xray.reading import Item, Snapshot

MARKS = {"added": "+", "removed": "-", "changed": "~"}
COLORS = {"added": tables.GREEN, "removed": tables.RED, "changed": tables.BROWN}
# What lives inside a table is shown with the table, not as a line of its own.
INSIDE = ("column", "constraint", "index", "sequence", "trigger", "rule", "policy", "content", "vectors")
# Fields that say nothing by themselves: repeated elsewhere, or a hash.
HIDDEN = {"hash", "columns", "table", "column", "kind", "label", "persistence", "own_indexes", "arguments", "cache"}
WORDS: dict[str, dict[Any, str]] = {
    "nullable": {False: "NOT NULL"},
    "valid": {False: "INVALID"},
    "validated": {False: "not validated"},
    "enabled": {"yes": ""},
    "permissive": {False: "restrictive", True: ""},
    "populated": {False: "not populated", True: ""},
}
FIRST = ("type", "definition", "nullable")  # what a reader of SQL expects first, without the field's name


@dataclass(frozen=True)
class Line:
    """One thing that differs: how ("added", "removed", "changed"), its kind and name, its fields in words.

    name: empty for the table itself, among what is inside it.
    changes: for a changed thing, each field as (name, before, after).
    """

    how: str
    kind: str
    name: str
    words: str = ""
    changes: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class Group:
    """A table, a view or a graph that differs, and what differs inside it."""

    how: str
    kind: str
    name: str
    note: str
    inside: tuple[Line, ...]


# -- plain text --------------------------------------------------------------------------------------------------------


def difference_text(seen: Difference) -> str:
    """Return a difference as lines: one for each table with what is inside it, one for each other thing."""
    lines = [_heading(seen)]
    for group in groups(seen):
        lines.append(f"{MARKS[group.how]} {group.kind} {short(group.name)}{group.note and ': ' + group.note}")
        lines += [text for line in group.inside for text in _line_text(line, "    ")]
    lines += [text for line in others(seen) for text in _line_text(line, "")]
    return "\n".join(lines)


def _line_text(line: Line, indent: str) -> Iterator[str]:
    name = line.name and (last(line.name) if indent else short(line.name))
    first = f"{indent}{MARKS[line.how]} {line.kind} {name}".rstrip()
    if line.how == "changed" and len(line.changes) == 1 and not _long(line.changes[0]):
        field, before, after = line.changes[0]
        yield f"{first}: {field} {before} -> {after}"
        return
    words = line.words.replace("\n", f"\n{indent}    ")
    yield first + (words and f": {words}")
    for field, before, after in line.changes:
        if _long((field, before, after)):
            yield f"{indent}    {field}:"
            yield from (f"{indent}      {text}" for text in _changed_lines(before, after))
        else:
            yield f"{indent}    {field} {before} -> {after}"


def _long(change: tuple[str, str, str]) -> bool:
    return "\n" in change[1] + change[2]


def _changed_lines(before: str, after: str) -> Iterator[str]:
    compared = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=1)
    return (text for text in compared if not text.startswith(("---", "+++", "@@")))


def snapshot_text(seen: Snapshot) -> str:
    """Return an overview: revision, tables with their rows, extensions, fingerprint."""
    lines = [f"Revision {seen.revision or 'base'}, fingerprint {seen.fingerprint[:12]}"]
    overview = list(_overview(seen))
    width = max((len(name) for name, _, _ in overview), default=0)
    lines += [f"  {name:{width}} {rows:>9,} rows  {comment}".rstrip() for name, rows, comment in overview]
    lines += [f"  extension {name} {seen.items['extension', name]['version']}" for name in seen.names("extension")]
    return "\n".join(lines)


# -- HTML --------------------------------------------------------------------------------------------------------------

_WRAP = "white-space:pre-wrap;overflow-wrap:anywhere"


def difference_html(seen: Difference) -> str:
    """Return a difference as a table, the inside of each table folded away."""
    rows = [_row(group.how, group.kind, _group_html(group)) for group in groups(seen)]
    rows += [_row(line.how, line.kind, _code(short(line.name)) + _told_html(line)) for line in others(seen)]
    title, _, summary = _heading(seen).partition(": ")
    table = f'<table class="xray"><tbody>{"".join(rows)}</tbody></table>' if rows else ""
    return (
        f'<div class="xray"><p style="margin:0 0 6px"><strong>{html.escape(title.replace("->", "→"))}</strong><br>'
        f"{html.escape(summary)}</p>{table}</div>"
    )


def _group_html(group: Group) -> str:
    title = _code(short(group.name)) + html.escape(group.note and f" {group.note}")
    if not group.inside:
        return title
    if len(group.inside) == 1 and not group.inside[0].changes:  # not worth a click
        line = group.inside[0]
        return f"{title}: {line.name and _code(last(line.name))}{_told_html(line)}"
    folded = "".join(
        _row(line.how, line.kind, line.name and _code(last(line.name)), _told_html(line)) for line in group.inside
    )
    return (
        f'<details><summary style="cursor:pointer">{title}</summary>'
        f'<table class="xray" style="margin:4px 0"><tbody>{folded}</tbody></table></details>'
    )


def _told_html(line: Line) -> str:
    """Return what a thing is; of a changed one each field, old and new side by side."""
    words = f" {_text(line.words)}" if line.words else ""
    if not line.changes:
        return words
    head = "".join(f'<th scope="col" style="{tables.LEFT}">{word}</th>' for word in ("", "before", "after"))
    rows = "".join(
        f'<tr><th scope="row" style="{tables.LEFT};font-weight:normal">{html.escape(field)}</th>'
        + "".join(f'<td style="{tables.LEFT}">{_text(value)}</td>' for value in (before, after))
        + "</tr>"
        for field, before, after in line.changes
    )
    return f'{words}<table class="xray" style="margin:4px 0"><tbody><tr>{head}</tr>{rows}</tbody></table>'


def _text(text: str) -> str:
    """Return a text as it was written; one of several lines, a function's body, in a typewriter's letters."""
    look = _WRAP + (";font-family:monospace" if "\n" in text else "")
    return f'<span style="{look}">{html.escape(text)}</span>'


def _row(how: str, kind: str, *cells: str) -> str:
    sign = tables.mark(MARKS[how], how, COLORS[how])
    return "<tr>" + "".join(f'<td style="{tables.LEFT}">{cell}</td>' for cell in (sign, kind, *cells)) + "</tr>"


def _code(name: str) -> str:
    return f"<code>{html.escape(name)}</code>"


def snapshot_html(seen: Snapshot) -> str:
    """Return the same overview as a table."""
    rows = [(tables.Html(_code(name)), count, comment) for name, count, comment in _overview(seen)]
    extensions = ", ".join(f"{name} {seen.items['extension', name]['version']}" for name in seen.names("extension"))
    caption = f"Revision {seen.revision or 'base'}, fingerprint {seen.fingerprint[:12]}"
    caption += f", extensions {extensions}" if extensions else ""
    return tables.table(caption, ("table", "rows", "what it is"), rows)


# -- what both forms share ---------------------------------------------------------------------------------------------


def _heading(seen: Difference) -> str:
    before, after = (revision or "base" for revision in seen.revisions)
    where = f"{before} -> {after}" if before != after else f"at {after}"
    return f"X-ray, {where}: {seen.summary()}"


def _things(seen: Difference) -> Iterator[tuple[str, Item, Mapping[str, Any]]]:
    for how in MARKS:
        for item, fields in getattr(seen, how).items():
            yield how, item, fields


def _place(seen: Difference, item: Item) -> str | None:
    """Return the table or graph with which a thing is shown; None when it stands for itself."""
    kind, name = item
    if kind in ("table", "view", "content"):
        return name
    if kind == "graph":
        return name.partition(".")[0]
    if kind == "vectors":
        return name.removesuffix("." + last(name))
    place = seen.context[item].get("table") if kind in INSIDE else None
    return str(place) if place else None


def groups(seen: Difference) -> Iterator[Group]:
    """Yield each table, view and graph that differs, with what differs inside it."""
    hows: dict[str, str] = {}
    inside: dict[str, list[tuple[Item, Line]]] = {}
    for how, item, fields in _things(seen):
        place = _place(seen, item)
        if place is None:
            continue
        if item[0] in ("table", "view") or item[1].endswith("._ag_label_vertex"):
            hows[place] = how
        lines = inside.setdefault(place, [])
        lines += [(item, line) for line in _inside(seen, how, item, fields)]
    for name in sorted(inside):
        how, order = hows.get(name, "changed"), _order(seen, name)
        lines_of_it = tuple(line for _, line in sorted(inside[name], key=lambda pair: order(pair[0])))
        yield Group(how, _kind_of(seen, name), name, _note(seen, how, name, lines_of_it), lines_of_it)


def _inside(seen: Difference, how: str, item: Item, fields: Mapping[str, Any]) -> Iterator[Line]:
    """Yield the line that a thing has inside its table or graph, if it has one."""
    kind, name = item
    if kind in ("table", "view"):
        line = replace(_line(seen, how, item, fields), name="")
        if line.words or line.changes:
            yield line
    elif kind == "content":
        if name in seen.rewritten():
            yield Line("changed", "rows", "", "values differ; as many rows as before")
        elif how == "changed" and not seen.rows(name):
            yield Line("changed", "rows", "", "as many as before; the columns changed, so values cannot be compared")
    elif not (kind == "graph" and how != "changed" and "._ag_label_" in name and not fields["rows"]):
        yield _line(seen, how, item, fields)


def _order(seen: Difference, place: str) -> Callable[[Item], tuple[int, int, str]]:
    """Return the order inside a table: the table itself, its columns as they stand in it, then kind by kind."""
    columns = [last(name) for name in seen.context.get(("table", place), {}).get("columns") or []]

    def key(item: Item) -> tuple[int, int, str]:
        kind, name = item
        column = last(name).strip('"').replace('""', '"')
        where = columns.index(column) if kind == "column" and column in columns else len(columns)
        return (INSIDE.index(kind) if kind in INSIDE else -1, where, name)

    return key


def _kind_of(seen: Difference, name: str) -> str:
    for kind in ("table", "view"):
        if (kind, name) in seen.context:
            return str(seen.context[kind, name].get("kind") or kind)
    return "graph"


def _note(seen: Difference, how: str, name: str, inside: Iterable[Line]) -> str:
    """Return what is inside in numbers: "9 columns, 4 constraints, +56 rows"; in a changed table each with its sign.

    Rows that a model made say by which: "+175 rows made by local all-MiniLM-L6-v2".
    """
    counts = Counter((line.kind, line.how) for line in inside if line.name)
    words = [
        (MARKS[change] if how == "changed" else "") + counted(number, kind) for (kind, change), number in counts.items()
    ]
    rows = seen.rows(name)
    makers = seen.context.get(("content", name), {}).get("makers")
    by = f" made by {_value(makers)}" if makers and how != "removed" else ""
    return ", ".join(words + ([counted(rows, "row", "+") + by] if rows else []))


def others(seen: Difference) -> Iterator[Line]:
    """Yield everything else that differs, a line each."""
    for how, item, fields in _things(seen):
        if _place(seen, item) is None:
            yield _line(seen, how, item, fields)


def _line(seen: Difference, how: str, item: Item, fields: Mapping[str, Any]) -> Line:
    kind, name = item
    shown = {"graph": f"{seen.context[item].get('label')} label", "vectors": "vector column"}.get(kind, kind)
    if how != "changed":
        return Line(how, shown, name, _words(kind, fields))
    hidden = {"hash"} | ({"columns"} if seen.only_columns_came_or_went(item) else set())
    words = "values differ; as many as before" if "hash" in fields and "rows" not in fields else ""
    if kind == "sequence" and "next" in fields:
        hidden.add("next")
        words = "goes on with {1}, not with {0}".format(*fields["next"])
    changes = tuple((field, _value(old), _value(new)) for field, (old, new) in fields.items() if field not in hidden)
    return Line(how, shown, name, words, changes)


def _words(kind: str, fields: Mapping[str, Any]) -> str:
    """Say the fields of a thing that was added or removed; only the unusual is worth a word."""
    if kind in SENTENCES:
        return SENTENCES[kind](fields)
    told = {name: _word(name, value) for name, value in fields.items() if name not in HIDDEN}
    told = {name: word for name, word in told.items() if word}
    first = [told.pop(name) for name in FIRST if name in told]
    unnamed = [told.pop(name) for name in WORDS if name in told]
    named = [name if word == "yes" else f"{name.replace('_', ' ')} {word}" for name, word in told.items()]
    return "; ".join(first + unnamed + named)


def _word(name: str, value: Any) -> str:
    """Return what a field says of a thing; nothing when it says the usual."""
    if name in WORDS:
        return WORDS[name].get(value, "" if value is None or value is True else _value(value))
    return "" if value is None or value is False else _value(value)


def _sequence(fields: Mapping[str, Any]) -> str:
    """Say a sequence as a sentence; its smallest and largest value, never chosen in a shop, are left out."""
    words = [f"{fields['type']}, starts at {fields['start']}, step {fields['increment']}"]
    words += [f"goes on with {fields['next']}"] if fields["next"] != fields["start"] else []
    words += [f"belongs to the column {fields['column']}"] if fields.get("column") else []
    words += ["begins again at its end"] if fields["cycle"] else []
    words += [f"comment {fields['comment']}"] if fields.get("comment") else []
    return "; ".join(words)


def _vectors(fields: Mapping[str, Any]) -> str:
    return f"{fields['type']}; filled in {fields['filled']:,} of {counted(fields['rows'], 'row')}"


def _label(fields: Mapping[str, Any]) -> str:
    dangling = f"; {fields['dangling']:,} of them dangling" if fields.get("dangling") else ""
    comment = f"; comment {fields['comment']}" if fields.get("comment") else ""
    return counted(fields["rows"], fields["label"]) + dangling + comment


SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {"sequence": _sequence, "vectors": _vectors, "graph": _label}


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value).rstrip("\n")


def short(name: str) -> str:
    """Return a name without the schema that every reader expects."""
    return name.removeprefix("public.")


def last(name: str) -> str:
    """Return the last part of a qualified name; a dot inside quotes separates nothing."""
    parts: list[str] = re.findall(r'"(?:[^"]|"")*"|[^."]+', name)
    return parts[-1]


def _overview(seen: Snapshot) -> Iterator[tuple[str, int, str]]:
    for name in seen.names("table"):
        yield short(name), seen.rows(name), seen.items["table", name].get("comment") or ""
