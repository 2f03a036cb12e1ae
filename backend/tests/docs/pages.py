"""Reading the pages: their fenced blocks, and the directives that say how a block is run.

For authors: README.md in this folder says the same at more length, with examples.

A page is one session. Its blocks run from top to bottom, on a database and in a copy of the repository of its own.
What runs a block is its language, the word after the fence; `text` is output or a picture of folders and is no code.
A directive is a comment of one line that no reader sees. Several stand in one comment, divided by semicolons:

    <!-- run: at 0003; in . -->            from here on
    <!-- run: fails "does not exist" -->   for the block that follows

From here on, and so allowed anywhere in a page:
    run: at 0003            the database is brought to this step first; also `base`, `head`, and `nothing`: no database,
                            no address and no server of the page's own either, as on a new machine
    run: in backend         the working folder, from the repository's root; `.` is the root
    run: in a new terminal  what was exported is forgotten
    run: after plant NAME   the exercise of this lab's page is planted in a database at head
    run: part 1             the first part of the workshop's own solution is carried out, where the page tells it in words
    run: solves NAME        the check of the exercise is green now

For the one block that follows:
    run: fails "words"      its last command or statement fails and says these words; what is before it does not fail
    run: prints "words"     its output holds these words
    run: output             a text block: its lines stand in the output of the block before, in this order
    run: draft              a python block that is a revision, or only its two functions: it is stored as a draft,
                            upgraded, downgraded, which must leave no trace, and upgraded again
    from: compose.yaml      the block is an excerpt: its lines stand in that file in this order; a line of dots leaves
                            some out; of a block of sql, its statements stand in the file, and how they are broken into
                            lines does not matter
    not run: the reason     it is counted and listed in docs/reference/code_blocks.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from shop.settings import ROOT

DOCS = ROOT / "docs"
RUN = ("console", "sql", "cypher", "python")  # languages that run
SHOWN = ("yaml", "ini", "dockerfile", "toml", "json", "mako", "css", "html")  # excerpts of files
OUTPUT = "text"
STANDING = ("at", "in", "after plant", "part", "solves")  # directives that need no block
FOR_A_BLOCK = ("fails", "prints", "output", "draft", "from", "not run")

_FENCE = re.compile(r"(?P<before>(?:\s|>)*)(?P<fence>`{3,}|~{3,})\s*(?P<language>[\w+-]*)(?P<rest>.*)")
_COMMENT = re.compile(r"(?:\s|>)*<!--\s*(?P<said>.*?)\s*-->\s*$")
_DIRECTIVE = re.compile(r"(?P<kind>run|from|not run)\s*:\s*(?P<rest>.*)", re.DOTALL)
_SNIPPET = re.compile(r"--8<--\s+[\"'](?P<path>[^\"':]+)")


class PageError(Exception):
    """A page cannot be read or run; the text names page, line and cause."""


@dataclass(frozen=True)
class Directive:
    """One directive: its kind, such as "fails" or "from", what is said with it, and its line."""

    kind: str
    said: str
    line: int


@dataclass(frozen=True)
class Block:
    """A fenced block: where it begins, its language, its text without the fence's indentation, its directives."""

    page: str
    line: int
    section: str
    language: str
    text: str
    directives: tuple[Directive, ...] = field(default=())

    def said(self, kind: str) -> str | None:
        """Return what the block's directive of this kind says; None when it has none."""
        return next((one.said for one in self.directives if one.kind == kind), None)

    def all_said(self, kind: str) -> list[str]:
        return [one.said for one in self.directives if one.kind == kind]

    @property
    def snippet(self) -> str | None:
        """The file that the block includes, if it includes one."""
        found = _SNIPPET.search(self.text)
        return found["path"] if found else None

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page: its name from the repository's root, and its blocks and standing directives in their order."""

    name: str
    items: tuple[Block | Directive, ...]

    @property
    def blocks(self) -> list[Block]:
        return [one for one in self.items if isinstance(one, Block)]


def pages() -> list[Path]:
    """Return all pages of the site, in the order of their names."""
    return sorted(DOCS.rglob("*.md"))


def read(path: Path) -> Page:
    """Read a page.

    Raises:
        PageError: a directive is unknown or stands before no block, a fence is not closed, nobody runs a language.
    """
    name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
    return Page(name, tuple(_items(name, path.read_text(encoding="utf-8"))))


def _items(page: str, text: str) -> Iterator[Block | Directive]:
    lines = text.splitlines()
    waiting: list[Directive] = []  # directives for the block that must follow
    strangers: list[tuple[int, str]] = []  # comments that are no directive, and no block came after them yet
    section, number = "", 0
    while number < len(lines):
        line, number = lines[number], number + 1
        if found := _FENCE.fullmatch(line):
            for at, said in strangers:
                raise PageError(f"{page}:{at}: the comment right before a block is no directive: {said!r}")
            body, number = _body(page, lines, number, found)
            yield _block(page, number - len(body) - 1, section, found, body, waiting)
            waiting = []
        elif (comment := _COMMENT.fullmatch(line)) and (directives := _directives(page, number, comment["said"])):
            yield from (one for one in directives if one.kind in STANDING)
            waiting += [one for one in directives if one.kind not in STANDING]
        elif comment and not re.match(r"(end of )?generated: ", comment["said"]):
            strangers.append((number, comment["said"]))
        elif line.strip():
            if waiting:
                raise PageError(f"{page}:{waiting[0].line}: `{waiting[0].kind}` stands before no block.")
            strangers = []
            section = line.lstrip("#").strip() if re.match(r"#{1,6} ", line) else section
    if waiting:
        raise PageError(f"{page}:{waiting[0].line}: `{waiting[0].kind}` stands before no block.")


def _body(page: str, lines: list[str], begin: int, opened: re.Match[str]) -> tuple[list[str], int]:
    """Return the lines of a block without their indentation, and the number of the line after its end."""
    before, fence = opened["before"], opened["fence"]
    body: list[str] = []
    for number in range(begin, len(lines)):
        line = lines[number]
        bare = line[len(before) :] if line.startswith(before) else line.lstrip(" >") if ">" in before else line.lstrip()
        if re.fullmatch(rf"{re.escape(fence[0])}{{{len(fence)},}}\s*", bare):
            return body, number + 1
        body.append(bare)
    raise PageError(f"{page}:{begin}: the block that begins here has no end.")


def _block(
    page: str, line: int, section: str, opened: re.Match[str], body: list[str], directives: list[Directive]
) -> Block:
    block = Block(page, line, section, opened["language"], "\n".join(body), tuple(directives))
    kinds = {one.kind for one in directives}
    if block.language not in (*RUN, *SHOWN, OUTPUT):
        known = ", ".join((*RUN, *SHOWN, OUTPUT))
        raise PageError(f"{block.place}: nobody runs {block.language or 'a block without a language'!r}; use {known}.")
    if block.language in SHOWN and not kinds & {"from", "not run"} and not block.snippet:
        raise PageError(f"{block.place}: nobody runs {block.language}: say `from: <file>` or `not run: <reason>`.")
    if ("output" in kinds and block.language != OUTPUT) or ("draft" in kinds and block.language != "python"):
        raise PageError(f"{block.place}: `output` is for text and `draft` for python; this is {block.language}.")
    if kinds & {"fails", "prints"} and block.language not in RUN:
        raise PageError(f"{block.place}: `fails` and `prints` are for what runs; this is {block.language}.")
    return block


def _directives(page: str, line: int, said: str) -> list[Directive]:
    """Return the directives of a comment; none when it is another kind of comment."""
    if not _DIRECTIVE.fullmatch(said):
        return []
    kind, found = "", []
    for part in [said] if said.startswith("not run") else _parts(said):
        if named := _DIRECTIVE.fullmatch(part):
            kind, rest = named["kind"], named["rest"]
        else:
            rest = part
        if not rest:
            raise PageError(f"{page}:{line}: `{kind}:` says nothing.")
        found.append(Directive(kind, rest, line) if kind != "run" else _order(page, line, rest))
    return found


def _parts(said: str) -> list[str]:
    """Divide at semicolons, but not at those in quotes."""
    return [part.strip() for part in re.findall(r'(?:"[^"]*"|[^;"])+', said) if part.strip()]


def _order(page: str, line: int, said: str) -> Directive:
    """Read what stands after `run:`."""
    for kind in (*STANDING, *FOR_A_BLOCK):
        if not re.match(rf"{kind}\b", said):
            continue
        rest = said[len(kind) :].strip()
        if kind in ("fails", "prints"):
            if not re.fullmatch(r'"[^"]+"', rest):
                raise PageError(f'{page}:{line}: write the words in quotes: run: {kind} "some words"')
            rest = rest[1:-1]
        elif (kind in STANDING and not rest) or (kind == "output" and rest):
            break
        return Directive(kind, rest, line)
    raise PageError(f"{page}:{line}: unknown directive: run: {said}")
