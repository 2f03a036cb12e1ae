"""Snapshots and differences as plain text for a terminal, and as HTML for a notebook and a page.

The HTML uses no script, so that it lives on in a notebook that is only read, and on a page.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any

from workshop import tables
from workshop.xray.difference import Difference
from workshop.xray.reading import Item, Snapshot

MARKS = {"added": "+", "removed": "-", "changed": "~"}
COLORS = {"added": tables.GREEN, "removed": tables.RED, "changed": tables.BROWN}
# The inside of a table is shown with the table, not as a line of its own.
INSIDE = ("column", "constraint", "index", "sequence", "trigger", "policy", "content", "vectors")
HIDDEN_FIELDS = {"hash", "columns", "table", "kind", "row_security", "persistence", "cycle", "owner"}


def difference_text(seen: Difference) -> str:
    """Return a difference as lines: one for each table with what is inside it, one for each other thing."""
    lines = [_heading(seen)]
    for how, name, inside in _tables(seen):
        lines.append(f"{MARKS[how]} table {_short(name)}{_rows_note(seen, name)}")
        lines += [f"    {MARKS[sign]} {kind} {_last(item)}: {words}" for sign, kind, item, words in inside]
    lines += [f"{MARKS[how]} {kind} {_short(name)}: {words}" for how, kind, name, words in _others(seen)]
    return "\n".join(lines)


def difference_html(seen: Difference) -> str:
    """Return a difference as a table, the inside of each table folded away."""
    rows = [_row(how, "table", _unfolding(seen, name, inside)) for how, name, inside in _tables(seen)]
    rows += [
        _row(how, kind, f"<code>{html.escape(_short(name))}</code> {html.escape(words)}")
        for how, kind, name, words in _others(seen)
    ]
    title, _, summary = _heading(seen).partition(": ")
    return (
        f'<div class="xray"><p style="margin:0 0 6px"><strong>{html.escape(title.replace("->", "→"))}</strong><br>'
        f'{html.escape(summary)}</p><table class="xray"><tbody>{"".join(rows)}</tbody></table></div>'
    )


def _unfolding(seen: Difference, name: str, inside: list[tuple[str, str, str, str]]) -> str:
    title = f"<code>{html.escape(_short(name))}</code>{html.escape(_rows_note(seen, name))}"
    if not inside:
        return title
    if len(inside) == 1:  # not worth a click
        _, kind, item, words = inside[0]
        thing = "" if kind in ("content", "table") else f"{kind} <code>{html.escape(_last(item))}</code> "
        return f"{title}: {thing}{html.escape(words)}"
    folded = "".join(
        _row(sign, kind, f"<code>{html.escape(_last(item))}</code>", html.escape(words))
        for sign, kind, item, words in inside
    )
    return (
        f'<details><summary style="cursor:pointer">{title}: {_counts(inside)}</summary>'
        f'<table style="margin:4px 0"><tbody>{folded}</tbody></table></details>'
    )


def snapshot_text(seen: Snapshot) -> str:
    """Return an overview: revision, tables with their rows, extensions, fingerprint."""
    lines = [f"Revision {seen.revision or 'base'}, fingerprint {seen.fingerprint[:12]}"]
    lines += [f"  {name:45} {rows:>9,} rows  {comment}" for name, rows, comment in _overview(seen)]
    lines += [f"  extension {name} {seen.items['extension', name]['version']}" for name in seen.names("extension")]
    return "\n".join(lines)


def snapshot_html(seen: Snapshot) -> str:
    """Return the same overview as a table."""
    rows = [
        (tables.Html(f"<code>{html.escape(name)}</code>"), count, comment) for name, count, comment in _overview(seen)
    ]
    extensions = ", ".join(f"{name} {seen.items['extension', name]['version']}" for name in seen.names("extension"))
    caption = f"Revision {seen.revision or 'base'}, fingerprint {seen.fingerprint[:12]}"
    return tables.table(
        caption + (f", extensions {extensions}" if extensions else ""), ("table", "rows", "what it is"), rows
    )


# -- what both forms share -------------------------------------------------------------------------------------------


def _heading(seen: Difference) -> str:
    before, after = (revision or "base" for revision in seen.revisions)
    where = f"{before} -> {after}" if before != after else f"at {after}"
    return f"X-ray, {where}: {seen.summary()}"


def _things(seen: Difference) -> Iterator[tuple[str, Item, Any]]:
    for how in MARKS:
        for item, fields in getattr(seen, how).items():
            yield how, item, fields


def _tables(seen: Difference) -> Iterator[tuple[str, str, list[tuple[str, str, str, str]]]]:
    """Yield each table that differs: how, its name, and what differs inside it as (how, kind, name, words)."""
    how_of: dict[str, str] = {}
    inside: dict[str, list[tuple[str, str, str, str]]] = {}
    for how, (kind, name), fields in _things(seen):
        if kind == "table":
            how_of[name] = how
            if how == "changed":
                inside.setdefault(name, []).append((how, "table", name, _words(how, fields)))
        elif kind in INSIDE:
            table = _table_of(kind, name, fields, seen)
            how_of.setdefault(table, "changed")
            words = _words(how, fields)
            if kind != "content" or (how == "changed" and "rows" not in fields):
                inside.setdefault(table, []).append((how, kind, name, words or "other values in as many rows"))
    for name in sorted(how_of):
        yield how_of[name], name, inside.get(name, [])


def _table_of(kind: str, name: str, fields: Any, seen: Difference) -> str:
    if kind == "content":
        return name
    if kind == "index":
        known = seen.added.get((kind, name)) or seen.removed.get((kind, name))
        return str(known["table"]) if known else name.rpartition(".")[0] + ".?"
    if kind == "sequence":
        schema = name.partition(".")[0]
        owner = fields.get("owner")
        owner = owner if isinstance(owner, str) else None
        table = owner.rpartition(".")[0] if owner else name.partition(".")[2].removesuffix("_id_seq")
        return f"{schema}.{table}"
    return name.rpartition(".")[0]


def _others(seen: Difference) -> Iterator[tuple[str, str, str, str]]:
    for how, (kind, name), fields in _things(seen):
        if kind != "table" and kind not in INSIDE:
            yield how, kind, name, _words(how, fields)


def _words(how: str, fields: Any) -> str:
    """Say the fields of a thing; of a changed one, each as before -> after."""
    if how == "changed":
        return "; ".join(_change(name, old, new) for name, (old, new) in fields.items() if name != "hash")
    told = {name: value for name, value in fields.items() if name not in HIDDEN_FIELDS and value not in (None, False)}
    for name in ("valid", "validated", "nullable"):  # only the unusual is worth a word
        if fields.get(name) is False:
            told[name] = "no"
        elif fields.get(name) is True:
            told.pop(name, None)
    if told.get("nullable") == "no":
        told["nullable"] = "NOT NULL"
    first = [str(told.pop(name)) for name in ("type", "definition", "nullable") if name in told]
    return "; ".join(first + [f"{name} {_value(value)}" for name, value in told.items()])


def _change(name: str, old: Any, new: Any) -> str:
    if name == "next":  # of a sequence
        return f"goes on with {new}, not with {old}"
    return f"{name} {_value(old)} -> {_value(new)}"


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _rows_note(seen: Difference, table: str) -> str:
    rows = seen.rows(table)
    return f", {rows:+,} rows" if rows else ""


def _counts(inside: Iterable[tuple[str, str, str, str]]) -> str:
    counts: dict[str, int] = {}
    for _, kind, _, _ in inside:
        counts[kind] = counts.get(kind, 0) + 1
    return ", ".join(
        f"{n} {kind if n == 1 else {'index': 'indexes'}.get(kind, kind + 's')}" for kind, n in counts.items()
    )


def _row(how: str, kind: str, *cells: str) -> str:
    sign = tables.mark(MARKS[how], how, COLORS[how])
    return "<tr>" + "".join(f'<td style="{tables.LEFT}">{cell}</td>' for cell in (sign, kind, *cells)) + "</tr>"


def _short(name: str) -> str:
    return name.removeprefix("public.")


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _overview(seen: Snapshot) -> Iterator[tuple[str, int, str]]:
    for name in seen.names("table"):
        yield _short(name), seen.rows(name), seen.items["table", name].get("comment") or ""
