"""Markdown that reads alike on GitHub and on the site."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Sequence
from pathlib import Path

# What Markdown, or GitHub's formulas, would take for its own; a character reference is text everywhere.
_SPECIAL = re.compile(r"[\\|*`$\[\]]|(?<!\w)_|_(?!\w)")


def plain(text: str) -> str:
    """Return a text that says in a cell of a table what it says."""
    return _SPECIAL.sub(_reference, html.escape(text, quote=False)).replace("\n", " ")


def code(text: str) -> str:
    """Return a text as code; in a table a vertical bar inside backticks means something else on GitHub and here."""
    if not set(text) & set("|`\n"):
        return f"`{text}`"
    return f"<code>{plain(text).replace('_', '&#95;')}</code>"


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; a head that ends with a colon stands over numbers, which are set to the right."""
    marks = ["--:" if head.endswith(":") else "---" for head in heads]
    lines = [[head.removesuffix(":") for head in heads], marks, *rows]
    return "".join("| " + " | ".join(map(str, line)).strip() + " |\n" for line in lines)


def link(page: Path, target: Path, words: str, anchor: str = "") -> str:
    """Return a link from a page to a file of the repository."""
    place = Path(os.path.relpath(target, page.parent)).as_posix()
    return f"[{words}]({place}{anchor})"


def folded(summary: str, body: str) -> str:
    """Return a text that is shown when the reader opens it; the summary is HTML."""
    return f'<details markdown="1">\n<summary>{summary}</summary>\n\n{body.strip()}\n\n</details>\n'


def fenced(text: str, language: str) -> str:
    """Return a text as a block of code."""
    return f"```{language}\n{text.strip(chr(10))}\n```\n"


def _reference(found: re.Match[str]) -> str:
    return f"&#{ord(found[0])};"
