"""squawk, a linter for PostgreSQL migrations, over the SQL text of a revision.

What it knows better than we do: whether a statement parses, and which ones scan or rewrite a table under a lock. It is
given the statements that upgrade() sends as text, in their order, after an empty table for each one that
`op.create_table` makes, so that it knows what is new. Its other rules either belong to a taste that is not ours
(bigint, robust statements) or see text only, where ours also see the operations.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from workshop.review.source import Source
from workshop.review.sql import words_of
from workshop.review.story import Act
from workshop.review.values import HOLE

WANTED = {"syntax-error", "constraint-missing-not-valid", "disallowed-unique-constraint", "changing-column-type",
          "adding-field-with-default"}  # fmt: skip


@dataclass(frozen=True)
class Found:
    """One remark of squawk's, at a line of the revision."""

    line: int
    rule: str
    message: str


def program() -> Path | None:
    """Return where squawk is installed beside this Python; None when it is not."""
    for name in ("squawk", "squawk.exe"):
        path = Path(sys.executable).with_name(name)
        if path.exists():
            return path
    return None


def look(source: Source, acts: list[Act]) -> list[Found]:
    """Return squawk's remarks on the statements among these acts; [] when it is not installed."""
    place = program()
    statements = _statements(acts)
    if place is None or not any(act.deed.text for act, _ in statements):
        return []
    script = "".join(text for _, text in statements)
    done = subprocess.run(
        [str(place), "--reporter", "json", "--pg-version", "18", "--assume-in-transaction"],
        input=script, capture_output=True, text=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    try:
        remarks = json.loads(done.stdout)
    except ValueError:
        return []
    found = []
    for remark in remarks:
        if remark["rule_name"] in WANTED:
            act, line = _behind(statements, remark["line"])
            snippet = line if line.strip() else act.deed.text
            at = source.line_of(snippet, act.line, act.call.node.end_lineno or act.line)
            found.append(Found(at, remark["rule_name"], remark["message"]))
    return found


def _statements(acts: list[Act]) -> list[tuple[Act, str]]:
    """Return acts with the text that stands for them in squawk's script; each ends with a line of its own."""
    found: list[tuple[Act, str]] = []
    seen = None
    for act in acts:
        deed = act.deed
        if deed.text:
            # several deeds may come from one statement
            if (
                deed.text is not seen
                and "inner" not in deed.options
                and HOLE not in deed.text
                and not re.match(r"(?i)copy\b", deed.text)
            ):
                found.append((act, f"{_parameters(deed.text)}\n;\n"))
            seen = deed.text
        elif (deed.verb, deed.sort) == ("create", "table") and deed.name:
            found.append((act, f'CREATE TABLE "{deed.name}" ();\n'))
    return found


def _parameters(text: str) -> str:
    """Write bind parameters the way PostgreSQL knows them."""
    return "".join(
        before + ("$1" if word.kind == "bind" and re.match(r":[A-Za-z_]|%", word.text) else word.text)
        for word, before in words_of(text)
    )


def _behind(statements: list[tuple[Act, str]], line: int) -> tuple[Act, str]:
    """Return the act behind a line of the script (0 is the first), and the text of that line."""
    start = 0
    for act, text in statements:
        lines = text.splitlines()
        if line < start + len(lines):
            return act, lines[line - start].rstrip(";")
        start += len(lines)
    return statements[-1][0], ""
