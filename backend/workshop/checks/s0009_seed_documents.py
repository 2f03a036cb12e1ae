"""What 0009_seed_documents promises. The expectations come from data/, not from the operation's own reading."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from shop.settings import DATA
from workshop.checks import Look

CAUSE = "0009 was not applied as it stands in the repository, or rows were changed since"
CUT = "the cutting by heading is off, or somebody changed chunks by hand"
LONGEST = 1000


class _File(NamedTuple):
    """A file, read in the simplest way that these files allow: no code, headings of two levels."""

    said: dict[str, str]
    headings: list[str]
    words: list[str]


def documents(look: Look) -> None:
    """Every file of data/documents is a document, with the title, the kind and the day of its front matter."""
    files = _files()
    found = look.rows(
        "SELECT file, title, kind, effective_from::text FROM documents WHERE file = ANY(:files)", files=list(files)
    )
    wanted = [(name, *(one.said[key] for key in ("title", "kind", "effective_from"))) for name, one in files.items()]
    look.same("document", map(tuple, found), wanted, CAUSE)


def superseded(look: Look) -> None:
    """Whatever was superseded says by what, and is kept beside it."""
    files = _files()
    found = look.rows(
        "SELECT d.file, newer.file FROM documents d LEFT JOIN documents newer ON newer.id = d.superseded_by_id "
        "WHERE d.file = ANY(:files)",
        files=list(files),
    )
    wanted = [(name, one.said.get("superseded_by")) for name, one in files.items()]
    look.same("document and its successor", map(tuple, found), wanted, CAUSE)


def products(look: Look) -> None:
    """Every document is linked to the products that its front matter names."""
    files = _files()
    found = look.rows(
        "SELECT d.file, p.product_id FROM document_products p JOIN documents d ON d.id = p.document_id "
        "WHERE d.file = ANY(:files)",
        files=list(files),
    )
    named = [(name, one.said["product_ids"].strip("[]").split(",")) for name, one in files.items()]
    wanted = [(name, int(key)) for name, keys in named for key in keys if key]
    look.same("product of", map(tuple, found), wanted, CAUSE)


def headings(look: Look) -> None:
    """Every section of every file can be found under its heading."""
    files = _files()
    found = look.rows(
        "SELECT d.file, c.heading FROM chunks c JOIN documents d ON d.id = c.document_id WHERE d.file = ANY(:files)",
        files=list(files),
    )
    sections = {(name, heading) for name, one in files.items() for heading in one.headings}
    look.same("section", sections & set(map(tuple, found)), sections, CUT)


def words(look: Look) -> None:
    """The chunks of a document, put together, are its text: no word is lost and none is there twice."""
    files = _files()
    found = look.rows(
        "SELECT d.file, string_agg(c.body, ' ' ORDER BY c.position) FROM chunks c "
        "JOIN documents d ON d.id = c.document_id WHERE d.file = ANY(:files) GROUP BY d.file",
        files=list(files),
    )
    off = [name for name, text in found if text.split() != files[name].words]
    look.expect(not off, f"the chunks of {', '.join(sorted(off)[:5])} are not its text", CUT)
    look.same("chunks of", (name for name, _ in found), files, CUT)


def positions(look: Look) -> None:
    """The chunks of a document are numbered from 1, without a gap."""
    found = look.rows(
        "SELECT d.file, min(c.position), max(c.position), count(*) FROM documents d "
        "JOIN chunks c ON c.document_id = d.id WHERE d.file = ANY(:files) GROUP BY d.file",
        files=list(_files()),
    )
    off = [name for name, first, last, count in found if (first, last) != (1, count)]
    look.expect(not off, f"the chunks of {', '.join(sorted(off)[:5])} have a gap", CUT)


def short(look: Look) -> None:
    """No chunk of the seed has more than 1,000 characters."""
    found = look.rows(
        "SELECT d.file, length(c.body) FROM chunks c JOIN documents d ON d.id = c.document_id "
        "WHERE d.file = ANY(:files)",
        files=list(_files()),
    )
    long = [f"{name} ({length})" for name, length in found if length > LONGEST]
    look.expect(not long, f"too long: {', '.join(sorted(long)[:5])}", CUT)


def sequences(look: Look) -> None:
    """The next document and the next chunk find a free key."""
    for table in ("documents", "chunks"):
        highest, next_value = look.rows(f"""
            SELECT (SELECT max(id) FROM {table}),
                   (SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {table}_id_seq)
        """)[0]
        free = highest is not None and next_value > highest
        look.expect(free, f"{table}: the next key would be {next_value}, and {highest} is taken", CAUSE)


def _files() -> dict[str, _File]:
    folder = Path(os.environ.get("SHOP_DATA") or DATA) / "documents"
    return {path.name: _read(path) for path in sorted(folder.glob("*.md"))}


def _read(path: Path) -> _File:
    _, front, text = path.read_text(encoding="utf-8").split("---\n", 2)
    said = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in front.splitlines())}
    lines = text.splitlines()
    titles = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    return _File(said, titles, " ".join(line for line in lines if not line.startswith("#")).split())
