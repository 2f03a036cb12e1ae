"""Reading a document: what its front matter says, its sections, and the pieces that a search can hand out.

Nothing here knows a database. A document is a Markdown file, with or without front matter:

    ---
    title: Vireo Aria Pro 3 - manual
    kind: manual
    effective_from: 2024-10-03
    superseded_by: another-manual.md
    product_ids: [11]
    ---

A heading is a line that begins with one to six `#`; a line that looks like one inside a code fence is code. A heading
of level 1 before any text is the document's headline. Every other heading is part of a path: a section "Battery care"
inside "Charging" is called "Charging > Battery care".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple

from shop.errors import ExplainedError

BETWEEN = " > "
FIELDS = ("title", "kind", "effective_from", "superseded_by", "product_ids")
HEADING = re.compile(r" {0,3}(#{1,6})(?![^ \t])(.*)")
FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
BREAKS = ("\n", ". ", " ")  # where a paragraph is cut that is too long on its own, best first


class DocumentError(ExplainedError):
    """A document cannot be read, or says nothing; the text names the file and the way out."""


class Section(NamedTuple):
    """The text below one heading. heading: its path, or "" where the document itself is meant."""

    heading: str
    body: str


class Document(NamedTuple):
    """A document and its chunks, in their order.

    file: its name, the key; body: the text after the front matter; kind: as the front matter says, or "guide".
    """

    file: str
    title: str
    kind: str
    effective_from: date | None
    superseded_by: str | None
    product_ids: tuple[int, ...]
    body: str
    chunks: tuple[Section, ...]


def read_folder(folder: Path, longest: int) -> list[Document]:
    """Return the documents of a folder in the order of their names.

    Args:
        longest: characters that a chunk may have at most.

    Raises:
        DocumentError: the folder is missing or empty, or a document in it cannot be read.
    """
    if not folder.is_dir():
        raise DocumentError(
            f"data/{folder.name}/ is missing: restore it with `git checkout -- data/{folder.name}`, or set SHOP_DATA "
            "to the folder that holds the export."
        )
    documents = [
        parse(path.name, decode(path.name, path.read_bytes()), longest) for path in sorted(folder.glob("*.md"))
    ]
    if not documents:
        raise DocumentError(f"data/{folder.name}/ holds no file that ends in .md, so there is nothing to load.")
    names = {document.file for document in documents}
    for document in documents:
        if document.superseded_by not in names | {None}:
            raise DocumentError(
                f"{document.file}: superseded_by names {document.superseded_by}, and the folder has no such file."
            )
    return documents


def decode(file: str, raw: bytes) -> str:
    """Return the text of a file: no byte order mark, plain line ends, and no NUL, which PostgreSQL's text cannot hold.

    Raises:
        DocumentError: it is not UTF-8.
    """
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{file}, line {line}: byte {raw[error.start]:#04x} is not UTF-8. Save the file as UTF-8."
        ) from None
    text = text.removeprefix("\N{BYTE ORDER MARK}").replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def parse(file: str, text: str, longest: int) -> Document:
    """Return the document that a text is; its title is that of the front matter, its headline, or the file's name.

    Raises:
        DocumentError: the front matter cannot be read, or nothing but headings is left without it.
    """
    said, body = front_matter(file, text)
    headline = _headline(body.split("\n"))
    title = said.get("title") or headline or file.removesuffix(".md")
    chunks = tuple(
        Section(section.heading or headline or title, piece)
        for section in sections(body)
        for piece in cut(section.body, longest)
    )
    if not chunks:
        raise DocumentError(f"{file} holds no text: write some, or delete the file.")
    return Document(
        file,
        title,
        said.get("kind") or "guide",
        _day(file, said.get("effective_from")),
        said.get("superseded_by") or None,
        _keys(file, said.get("product_ids", "")),
        body.strip("\n"),
        chunks,
    )


def front_matter(file: str, text: str) -> tuple[dict[str, str], str]:
    """Return what stands between the first line and the next `---`, and the text after it.

    Raises:
        DocumentError: it does not end, or a line of it is not one of FIELDS with a value.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return {}, text
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == "---"), None)
    if end is None:
        raise DocumentError(f"{file}: the front matter begins with --- and does not end; close it with another ---.")
    said = {}
    for number, line in enumerate(lines[1:end], start=2):
        name, colon, value = (part.strip() for part in line.partition(":"))
        if line.strip() and (not colon or name not in FIELDS or name in said):
            raise DocumentError(
                f"{file}, line {number}: {line.strip()!r} is not one of {', '.join(FIELDS)}, each at most once, "
                "followed by a colon and its value."
            )
        said[name] = value.strip("\"'")
    return said, "\n".join(lines[end + 1 :])


def _day(file: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DocumentError(f"{file}: effective_from is {text}, and not a day such as 2026-02-01.") from None


def _keys(file: str, text: str) -> tuple[int, ...]:
    keys = text.strip("[] ").replace(",", " ").split()
    if not all(re.fullmatch("[0-9]{1,9}", key) for key in keys):
        raise DocumentError(f"{file}: product_ids is {text}, and not a list of keys such as [21, 22].")
    return tuple(dict.fromkeys(map(int, keys)))


def _fenced(lines: list[str]) -> list[bool]:
    """Tell of each line whether it belongs to a code fence; one that is never closed reaches to the end."""
    found, fence = [], ""
    for line in lines:
        mark = FENCE.fullmatch(line)
        if fence:
            found.append(True)
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        else:
            fence = mark[1] if mark and not (mark[1][0] == "`" and "`" in mark[2]) else ""
            found.append(bool(fence))
    return found


def headings(lines: list[str]) -> list[tuple[int, int, str]]:
    """Return the headings: number of the line (from 0), level (1 to 6), text."""
    return [
        (number, len(found[1]), _without_closing(found[2].strip()))
        for number, (line, code) in enumerate(zip(lines, _fenced(lines), strict=True))
        if not code and (found := HEADING.fullmatch(line))
    ]


def _headline(lines: list[str]) -> str:
    """Return the heading of level 1 that stands before any text, or ""."""
    number, level, title = next(iter(headings(lines)), (0, 0, ""))
    return title if level == 1 and not any(line.strip() for line in lines[:number]) else ""


def _without_closing(heading: str) -> str:
    """Take away the marks that may close a heading: `## Charging ##`; those of `## Written in C#` belong to a word."""
    bare = heading.rstrip("#")
    return heading if bare and not bare[-1].isspace() else bare.rstrip()


def sections(text: str) -> Iterator[Section]:
    """Yield the sections that have a text, each below its heading path."""
    lines = text.split("\n")
    marks = [(-1, 0, ""), *headings(lines)]
    if _headline(lines):  # it names the document, not a part of it
        marks[1] = (marks[1][0], 0, "")
    ends = [number for number, _, _ in marks[1:]] + [len(lines)]
    path: list[tuple[int, str]] = []
    for (start, level, title), end in zip(marks, ends, strict=True):
        path = [(above, name) for above, name in path if above < level] + [(level, title)]
        body = "\n".join(lines[start + 1 : end])
        if body.strip():
            yield Section(BETWEEN.join(name for _, name in path if name), _trimmed(body))


def _trimmed(text: str) -> str:
    """Take away blank lines before and after; the first line keeps its indentation, which may make it code."""
    return re.sub(r"\A(?:[^\S\n]*\n)+", "", text).rstrip()


def cut(text: str, longest: int) -> Iterator[str]:
    """Yield a text in pieces of at most `longest` characters, whole paragraphs as long as they fit.

    A code fence counts as one paragraph. A paragraph that is too long on its own is cut at the end of a line, of a
    sentence or of a word, and where there is none, after `longest` characters.
    """
    piece = ""
    for paragraph in _paragraphs(text):
        if len(piece) + len(paragraph) + 2 <= longest and piece:
            piece += "\n\n" + paragraph
            continue
        if piece:
            yield piece
        *whole, piece = _torn(paragraph, longest)
        yield from whole
    if piece:
        yield piece


def _paragraphs(text: str) -> Iterator[str]:
    lines = text.split("\n")
    kept: list[str] = []
    for line, code in zip(lines, _fenced(lines), strict=True):
        if line.strip() or code:
            kept.append(line)
        elif kept:
            yield "\n".join(kept).rstrip()
            kept = []
    if kept:
        yield "\n".join(kept).rstrip()


def _torn(paragraph: str, longest: int) -> list[str]:
    """Return a paragraph in pieces that fit; the last one may be short."""
    pieces, start = [], 0
    while len(paragraph) - start > longest:
        found = (paragraph.rfind(mark, start + 1, start + longest) + len(mark.rstrip(" ")) for mark in BREAKS)
        end = next((place for place in found if place > start + 1), start + longest)
        pieces.append(paragraph[start:end].rstrip())
        start = end
        while start < len(paragraph) and paragraph[start] == " " and paragraph[end - 1] != "\n":
            start += 1
    return [piece for piece in [*pieces, paragraph[start:]] if piece.strip()]
