"""A page for a file of the repository that a page links to, and for a folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

from shop.settings import ROOT

DATA = (".csv", ".json", ".jsonl", ".txt")
MADE = (ROOT / "build", ROOT / "site", ROOT / "backend" / "scratch")
FIRST = 50  # lines of a data file that are shown
UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n\n"


def page(path: Path) -> str:
    """Return the Markdown that shows a file, or lists a folder; a Markdown file is its own page."""
    if path.is_dir():
        return UNSEARCHED + _folder(path)
    if path.suffix == ".md":
        return UNSEARCHED + path.read_text(encoding="utf-8")
    return UNSEARCHED + f"# {_breakable(path)}\n\n" + _file(path)


def children(folder: Path) -> Iterator[Path]:
    """Yield what a folder holds, without what is hidden or made."""
    for path in sorted(folder.iterdir()):
        if not path.name.startswith((".", "__pycache__")) and path not in MADE:
            yield path


def _folder(folder: Path) -> str:
    lines = [f"- [{path.name}{'/' if path.is_dir() else ''}]({path.name})" for path in children(folder)]
    return f"# {_breakable(folder)}\n\nWhat is in this folder:\n\n" + "\n".join(lines) + "\n"


def _file(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return f"This file is not text. It has {path.stat().st_size:,} bytes.\n"
    lines = text.splitlines()
    said = f"{len(lines):,} lines, as they stand in the repository."
    if path.suffix in DATA and len(lines) > FIRST:
        said = f"The first {FIRST} of {len(lines):,} lines."
        text = "\n".join(lines[:FIRST])
    return f"{said}\n\n{fenced(text, _language(path))}\n"


def fenced(text: str, language: str) -> str:
    """Return a text as a fenced block, whatever is in it."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    safe = re.sub(r"^(\s*)(-{2,}8<)", r"\1;\2", text.strip("\n"), flags=re.MULTILINE)  # not a snippet to be included
    return f"{fence}{language}\n{safe}\n{fence}\n"


def _language(path: Path) -> str:
    try:
        return str(get_lexer_for_filename(path.name).aliases[0])
    except ClassNotFound:
        return "text"


def _breakable(path: Path) -> str:
    """Return a path that may be broken after each slash, so that it fits on a phone."""
    return str(path.relative_to(ROOT).as_posix()).replace("_", r"\_").replace("/", "/<wbr>")
