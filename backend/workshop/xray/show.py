"""Snapshots and differences as plain text for a terminal, and as HTML for a notebook and a page.

The HTML uses no script and hardly any colour of its own, so that it reads in light and in dark.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator
from typing import Any

from workshop.xray.difference import Difference
from workshop.xray.reading import Item, Snapshot

MARKS = {"added": "+", "removed": "-", "changed": "~"}
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
    """Return a difference as a table whose rows unfold."""
    rows = []
    for how, name, inside in _tables(seen):
        folded = "".join(
            f"<tr><td>{_mark(sign)}</td><td>{kind}</td><td><code>{html.escape(_last(item))}</code></td>"
            f'<td style="text-align:left">{html.escape(words)}</td></tr>'
            for sign, kind, item, words in inside
        )
        title = f"<code>{html.escape(_short(name))}</code>{html.escape(_rows_note(seen, name))}"
        body = title
        if folded:
            body = f"<details><summary>{title}: {_counts(inside)}</summary><table>{folded}</table></details>"
        rows.append(_row(how, "table", body))
    for how, kind, name, words in _others(seen):
        rows.append(_row(how, kind, f"<code>{html.escape(_short(name))}</code> {html.escape(words)}"))
    return (
        f'<div class="xray"><p><strong>{html.escape(_heading(seen))}</strong></p>'
        f'<table class="xray"><tbody>{"".join(rows)}</tbody></table></div>'
    )


def snapshot_text(seen: Snapshot) -> str:
    """Return an overview: revision, tables with their rows, extensions, fingerprint."""
    lines = [f"Revision {seen.revision or 'base'}, fingerprint {seen.fingerprint[:12]}"]
    lines += [f"  {name:45} {rows:>9,} rows  {comment}" for name, rows, comment in _overview(seen)]
    lines += [f"  extension {name} {seen.items['extension', name]['version']}" for name in seen.names("extension")]
    return "\n".join(lines)


def snapshot_html(seen: Snapshot) -> str:
    """Return the same overview as a table."""
    rows = "".join(
        f'<tr><td style="text-align:left"><code>{html.escape(name)}</code></td><td>{rows:,}</td>'
        f'<td style="text-align:left">{html.escape(comment)}</td></tr>'
        for name, rows, comment in _overview(seen)
    )
    extensions = ", ".join(f"{name} {seen.items['extension', name]['version']}" for name in seen.names("extension"))
    caption = f"Revision {seen.revision or 'base'}, fingerprint {seen.fingerprint[:12]}"
    caption += f", extensions {extensions}" if extensions else ""
    return (
        f'<table class="xray"><caption>{html.escape(caption)}</caption>'
        f"<thead><tr><th>table</th><th>rows</th><th>what it is</th></tr></thead><tbody>{rows}</tbody></table>"
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
                inside.setdefault(table, []).append((how, kind, name, words or "values differ"))
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
        return "; ".join(
            f"{name} {_value(old)} -> {_value(new)}" for name, (old, new) in fields.items() if name != "hash"
        )
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


def _row(how: str, kind: str, body: str) -> str:
    return f'<tr><td>{_mark(how)}</td><td>{kind}</td><td style="text-align:left">{body}</td></tr>'


def _mark(how: str) -> str:
    return f'<span title="{how}" aria-label="{how}">{MARKS[how]}</span>'


def _short(name: str) -> str:
    return name.removeprefix("public.")


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _overview(seen: Snapshot) -> Iterator[tuple[str, int, str]]:
    for name in seen.names("table"):
        yield _short(name), seen.rows(name), seen.items["table", name].get("comment") or ""
