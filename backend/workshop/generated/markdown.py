"""Markdown that reads alike on GitHub and on the site."""

from __future__ import annotations

import html
import inspect
import os
import re
import textwrap
from collections.abc import Sequence
from pathlib import Path

from shop.settings import ROOT

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


# -- docstrings --------------------------------------------------------------------------------------------------------

_SECTION = re.compile(r"(?P<name>Args|Raises|Returns|Yields):\n(?P<lines>(?:    .*\n?)+)")
_ENTRY = re.compile(r"^    (?P<name>\S[^:\n]*): (?P<text>.*(?:\n {5,}.*)*)", re.MULTILINE)


def prose(docstring: str, source: Path | None = None, *, titled: bool = True) -> str:
    """Return a docstring as Markdown: paragraphs, lists, examples as blocks of code, Args and Raises as lists.

    source: the file in which it stands; an example is then marked as an excerpt of it. titled: False leaves the first
    paragraph out.
    """
    blocks = re.split(r"\n{2,}(?=\S)|\n{2,}(?=    )", inspect.cleandoc(docstring))
    return "\n\n".join(_block(block, source) for block in blocks[not titled :]) + "\n"


def _block(block: str, source: Path | None) -> str:
    if section := _SECTION.fullmatch(block):
        entries = [
            _item(f"{', '.join(map(code, one['name'].split(', ')))}: {_paragraph(one['text'])}")
            for one in _ENTRY.finditer(section["lines"])
        ]
        return "\n".join(["Raises:\n", *entries] if section["name"] == "Raises" else entries)
    if block.startswith("- "):
        return "\n".join(_item(_paragraph(item)) for item in re.split(r"^- ", block, flags=re.MULTILINE)[1:])
    if block.startswith("    "):
        excerpt = source and "op." in block
        mark = f"<!-- from: {source.relative_to(ROOT).as_posix()} -->\n" if source and excerpt else ""
        return mark + fenced(inspect.cleandoc("\n" + block), "python" if excerpt else "text").rstrip()
    return _paragraph(block)


def _item(text: str) -> str:
    return "- " + text.replace("\n", "\n  ")


def summary(docstring: str) -> str:
    """Return the first paragraph of a docstring as Markdown on one line."""
    return _paragraph(re.split(r"\n\s*\n", inspect.cleandoc(docstring))[0]).replace("\n", " ")


def _paragraph(text: str) -> str:
    """Return a paragraph; what stands between backticks is code already, the rest is plain text."""
    pieces = re.split(r"(`[^`]+`)", " ".join(text.split()))
    words = "".join(code(piece[1:-1]) if piece.startswith("`") and len(piece) > 1 else plain(piece) for piece in pieces)
    return "\n".join(textwrap.wrap(words, 140, break_long_words=False, break_on_hyphens=False))
