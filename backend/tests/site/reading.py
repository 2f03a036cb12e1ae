"""What a page's HTML says, as far as the tests ask: places, links, what it loads, pictures, headings, text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

CODE = ("pre", "code", "script", "style", "svg")
LOADS = {
    "script": "src",
    "img": "src",
    "link": "href",
    "source": "src",
    "iframe": "src",
    "object": "data",
    "use": "href",
}


@dataclass
class Html(HTMLParser):
    """One page.

    ids: the places that a link can lead to; links: what `a` leads to; loads: what a browser fetches for it;
    pictures: (address, text) of each img; drawings: the attributes of each svg with a role.
    """

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    pictures: list[tuple[str, str]] = field(default_factory=list)
    drawings: list[dict[str, str | None]] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    _paragraph: bool = False
    _code: int = 0

    def __post_init__(self):
        super().__init__()
        self.text = self.path.read_text(encoding="utf-8")

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.ids |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag in LOADS and found.get(LOADS[tag]) and found.get("rel") not in ("next", "prev", "canonical"):
            self.loads.append(found[LOADS[tag]])
        if tag == "img":
            self.pictures.append((found.get("src", ""), found.get("alt") or ""))
        if tag == "svg" and "role" in found:
            self.drawings.append(found)
        if tag == "p":
            self._paragraph = True
            self.paragraphs.append("")
        self._code += tag in CODE

    def handle_endtag(self, tag):
        self._paragraph &= tag != "p"
        self._code -= tag in CODE

    def handle_data(self, data):
        if self._paragraph and not self._code:
            self.paragraphs[-1] += data


def read(path: Path) -> Html:
    """Read a page."""
    page = Html(path)
    page.feed(page.text)
    return page
