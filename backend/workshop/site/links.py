"""Links from a page to any file of the repository.

On GitHub a page links to `../../backend/alembic/versions/0003_seed_catalog.py`. The site has a page for that file
elsewhere. Here the links of a Markdown text are found and turned; what is code stays as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from shop.settings import ROOT

DOCS = ROOT / "docs"
NOTEBOOKS = ROOT / "notebooks"
# Code comes first, so that a link inside it is none.
_LINK = re.compile(
    r"""
    ^[ ]{0,8}(?P<fence>`{3,}|~{3,})[^\n]*\n .*? ^[ ]{0,8}(?P=fence)[`~]*[ ]*$  # a block of code
    | (?P<tick>`+)(?!`).+?(?<!`)(?P=tick)(?!`)                                  # code in a line
    | (?P<before> \[(?:[^\[\]]|\[[^\[\]]*\])*\]\([ ]*<?                     # [text](
      | ^[ ]{0,3}\[[^\]\n]+\]:[ ]+<? )                                         # [name]:
      (?P<target>[^)\s>]+)
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


@dataclass(frozen=True)
class Link:
    """A link to something in the repository.

    path: the file; or the folder, when it has no page of its own; anchor: the part behind the hash sign.
    """

    written: str
    path: Path
    anchor: str

    @property
    def exists(self) -> bool:
        return self.path.exists() and ROOT in (self.path, *self.path.parents)


def links(text: str, folder: Path) -> Iterator[Link]:
    """Yield the links of a Markdown text that lead to files or folders.

    Args:
        text: Markdown.
        folder: where the text lies; relative links start there.
    """
    for found in _LINK.finditer(text):
        if found["target"] and (link := _link(found["target"], folder)):
            yield link


def turned(text: str, folder: Path, turn: Callable[[Link], str]) -> str:
    """Return the text with each of these links as `turn` gives it."""

    def one(found: re.Match[str]) -> str:
        link = found["target"] and _link(found["target"], folder)
        return found["before"] + turn(link) if link else found[0]

    return _LINK.sub(one, text)


def _link(target: str, folder: Path) -> Link | None:
    if target.startswith(("#", "/")) or re.match(r"[A-Za-z][\w+.-]*:", target):
        return None
    written, _, anchor = target.partition("#")
    path = Path(os.path.normpath(folder / unquote(written)))
    own_page = next((path / name for name in ("index.md", "README.md") if (path / name).exists()), path)
    return Link(target, own_page, anchor)


def place(path: Path) -> str:
    """Return the page on which the site shows a file or a folder, as a path from docs/.

    A page of docs/ is itself; a notebook is the executed notebook.
    """
    if path.is_relative_to(DOCS) and path.is_file():
        return path.relative_to(DOCS).as_posix()
    if path.parent == NOTEBOOKS and path.suffix == ".ipynb":
        return f"notebooks/{path.stem}.md"
    inside = path.relative_to(ROOT).as_posix().replace("/.", "/dot-").lstrip(".")  # mkdocs leaves hidden files out
    if path.is_dir():
        return f"source/{inside}/index.md"
    return f"source/{inside}" if path.suffix == ".md" else f"source/{inside}.md"


def between(page: str, target: str, anchor: str = "") -> str:
    """Return the relative link from one page to another."""
    return quote(os.path.relpath(target, PurePosixPath(page).parent)) + (f"#{anchor}" if anchor else "")
