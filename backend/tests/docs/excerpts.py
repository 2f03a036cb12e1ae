"""Blocks that show a part of a file: the file must be there, must be one that tests run, and must hold the lines."""

from __future__ import annotations

import re

import sqlparse

from shop.settings import ROOT
from tests.docs.pages import Block, PageError

# A page may not vouch for itself or for another page.
NOT_TESTED = ("docs/", "site/", "build/")


def verify(block: Block) -> None:
    """Compare an excerpt with its file, or look for the file that a block includes.

    Raises:
        PageError: there is no such file, or a line of the block does not stand in it.
    """
    name = block.snippet or block.said("from") or ""
    path = ROOT / name
    if not path.is_file() or name.startswith(NOT_TESTED):
        raise PageError(f"{block.place}: {name} is not a file of this repository that tests run.")
    if not block.snippet:
        find = first_missing_statement if block.language == "sql" else first_missing
        missing = find(block.text, path.read_text(encoding="utf-8"))
        if missing:
            raise PageError(f"{block.place}: this line does not stand in {name}, or not in this order: {missing!r}")


def first_missing(excerpt: str, text: str) -> str | None:
    """Return the first line of an excerpt that does not follow the one before it in the text.

    Spaces count as one, and indentation not at all. A line of dots leaves something out; without dots the lines must
    stand one below the other, blank ones aside.
    """
    there = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    place = 0
    for part in re.split(r"^[ \t]*(?:#\s*)?(?:\.\.\.|…)[ \t]*$", excerpt, flags=re.MULTILINE):
        wanted = [" ".join(line.split()) for line in part.splitlines() if line.strip()]
        begins = next((n for n in range(place, len(there)) if there[n : n + len(wanted)] == wanted), None)
        if begins is None:
            return next((line for line in wanted if line not in there[place:]), wanted[0])
        place = begins + len(wanted)
    return None


def first_missing_statement(excerpt: str, text: str) -> str | None:
    """Return the first statement of an excerpt that does not stand in the text after the one before it."""
    there, place = " ".join(text.split()), 0
    for statement in sqlparse.split(excerpt):
        wanted = " ".join(statement.split()).rstrip("; ")
        begins = there.find(wanted, place)
        if begins < 0:
            return wanted
        place = begins + len(wanted)
    return None


def verify_output(block: Block, before: str) -> None:
    """Compare a text block with what the block before it printed.

    Raises:
        PageError: a line was not printed, or not in this order.
    """
    missing = first_missing(block.text, before)
    if missing:
        raise PageError(f"{block.place}: this line was not printed: {missing!r}. What was printed:\n{before}")
