"""The parts of the texts that are made from the code, and the check that they are not out of date.

A generated part stands between two comments. The first carries the hash of what the part was made from, so that
`make check` can tell a stale one in no time and without a server:

    <!-- generated: steps from sha256:0123456789ab; write anew with `make texts` -->
    ...
    <!-- end of generated: steps -->
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from shop.settings import ROOT
from workshop import chain

MARKED = re.compile(
    r"<!-- generated: (?P<part>[\w-]+) from sha256:(?P<hash>\w*)[^>]*-->\n(?P<text>.*?)"
    r"<!-- end of generated: (?P=part) -->",
    re.DOTALL,
)


@dataclass(frozen=True)
class Part:
    """A generated part: what it is made from (bytes) and how its text is made."""

    source: Callable[[], bytes]
    text: Callable[[], str]


def steps_source() -> bytes:
    return json.dumps([(step.name, step.title, minutes(step.notebook)) for step in chain.steps()]).encode()


def steps_table() -> str:
    """The table of steps: name, title, minutes, links."""
    lines = ["| step | what you meet | minutes | |", "|---|---|---|---|"]
    for step in chain.steps():
        notebook, page = (path.relative_to(ROOT).as_posix() for path in (step.notebook, step.page))
        revision = step.revision.relative_to(ROOT).as_posix()
        links = f"[notebook]({notebook}), [page]({page}), [revision]({revision})"
        lines.append(f"| `{step.name}` | {step.title} | {minutes(step.notebook)} | {links} |")
    return "\n".join(lines) + "\n"


def minutes(notebook: Path) -> int:
    """Return the minutes that a notebook says it takes, in its first cell: "**8 minutes**"."""
    first = nbformat.read(notebook, as_version=4).cells[0].source
    found = re.search(r"\*\*(\d+) minutes", first)
    if not found:
        raise ValueError(f'{notebook.name}: the first cell does not say "**<n> minutes**"')
    return int(found[1])


PARTS = {"steps": Part(steps_source, steps_table)}
PAGES = ["README.md", "data/README.md"]


def stale(page: Path) -> list[str]:
    """Return the names of the parts of a page that were made from something else than what is there now."""
    return [
        found["part"]
        for found in MARKED.finditer(page.read_text(encoding="utf-8"))
        if found["hash"] != _digest(found["part"], found["text"])
    ]


def write(page: Path) -> None:
    """Write the generated parts of a page anew."""

    def anew(found: re.Match[str]) -> str:
        part = found["part"]
        text = PARTS[part].text()
        return (
            f"<!-- generated: {part} from sha256:{_digest(part, text)}; write anew with `make texts` -->\n"
            f"{text}<!-- end of generated: {part} -->"
        )

    page.write_text(MARKED.sub(anew, page.read_text(encoding="utf-8")), encoding="utf-8")


def _digest(part: str, text: str) -> str:
    # The text itself is in the hash, so that an edit by hand shows as well.
    return hashlib.sha256(PARTS[part].source() + text.encode()).hexdigest()[:12]


def main() -> None:
    pages = [ROOT / name for name in PAGES]
    if "--check" not in sys.argv:
        for page in pages:
            write(page)
        return
    bad = [f"{page.relative_to(ROOT)}: {part}" for page in pages for part in stale(page)]
    if bad:
        sys.exit("Out of date: " + ", ".join(bad) + ". Run `make texts`.")


if __name__ == "__main__":
    main()
