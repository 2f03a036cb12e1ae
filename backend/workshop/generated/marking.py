"""Generated parts in a page: where they stand, whether they are out of date, how they are written anew."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from shop.errors import ExplainedError
from shop.settings import BACKEND, DATA, ROOT

MARKED = re.compile(
    r"^<!-- generated: (?P<part>[\w-]+) from sha256:(?P<hash>\w*)[^>]*-->\n(?P<text>.*?)"
    r"^<!-- end of generated: (?P=part) -->",
    re.DOTALL | re.MULTILINE,
)
BEGUN = re.compile(r"^<!-- generated: (?P<part>[\w-]+)", re.MULTILINE)
FENCED = re.compile(r"^(?P<fence>`{3,}|~{3,}).*?^(?P=fence)", re.DOTALL | re.MULTILINE)


class PageError(ExplainedError):
    """A page asks for a part that cannot be made."""


@dataclass(frozen=True)
class Part:
    """A generated part.

    text: makes it for a page, whose place the links in it depend on.
    source: what it is made from, as bytes that tell any change; None: it is cheap, and its own text says it all.
    by_climb: it shows what was seen in a database, so it is made anew only when it is out of date.
    """

    text: Callable[[Path], str]
    source: Callable[[], bytes] | None = None
    by_climb: bool = False


def pages() -> list[Path]:
    """Return every Markdown file and drawing of the repository that has a generated part."""
    files = [*ROOT.glob("*.md"), *BACKEND.glob("*.md"), *DATA.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    files += (ROOT / "docs" / "assets").glob("*.svg")
    return [path for path in sorted(files) if found(path.read_text(encoding="utf-8"))]


def shown(page: Path) -> str:
    """Return a page as a reader in the repository's root would type it."""
    return Path(os.path.relpath(page, ROOT)).as_posix()


def found(text: str) -> list[str]:
    """Return the names of the parts that begin in a text; one inside a block of code is an example and no part."""
    examples = [one.span() for one in FENCED.finditer(MARKED.sub(lambda part: "-" * len(part[0]), text))]
    return [one["part"] for one in BEGUN.finditer(text) if not any(a < one.start() < b for a, b in examples)]


def stale(page: Path, parts: Mapping[str, Part]) -> list[str]:
    """Return the names of the parts of a page that were made from something else than what is there now.

    Raises:
        PageError: a part has no end, or nobody knows how to make it.
    """
    return [
        one["part"] for one in _marked(page, parts) if one["hash"] != _digest(one["part"], one["text"], page, parts)
    ]


def write(page: Path, parts: Mapping[str, Part]) -> None:
    """Write the parts of a page anew; those that were seen in a database only when they are out of date.

    Raises:
        PageError: a part has no end, or nobody knows how to make it.
    """
    old = set(stale(page, parts))

    def anew(one: re.Match[str]) -> str:
        name = one["part"]
        if parts[name].by_climb and name not in old:
            return one[0]
        text = parts[name].text(page)
        return (
            f"<!-- generated: {name} from sha256:{_digest(name, text, page, parts)}; write anew with `make texts` -->\n"
            f"{text}<!-- end of generated: {name} -->"
        )

    known = {one.start() for one in _marked(page, parts)}
    text = page.read_text(encoding="utf-8")
    page.write_text(MARKED.sub(lambda one: anew(one) if one.start() in known else one[0], text), encoding="utf-8")


def _marked(page: Path, parts: Mapping[str, Part]) -> Iterator[re.Match[str]]:
    text = page.read_text(encoding="utf-8")
    names = found(text)
    whole = [one for one in MARKED.finditer(text) if one["part"] in names]
    for name in names:
        if name not in parts:
            raise PageError(f'{shown(page)}: nobody knows how to make the part "{name}".')
        if name not in [one["part"] for one in whole]:
            raise PageError(f'{shown(page)}: the generated part "{name}" has no end.')
    yield from whole


def _digest(name: str, text: str, page: Path, parts: Mapping[str, Part]) -> str:
    # The text itself is in the hash, so that an edit by hand shows as well.
    part = parts[name]
    source = part.source() if part.source else part.text(page).encode()
    return hashlib.sha256(source + text.encode()).hexdigest()[:12]
