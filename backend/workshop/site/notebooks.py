"""An executed notebook as a page: its text as Markdown, its code as code, its outputs as they were.

An output that is HTML would not survive Markdown. So the Markdown holds a mark in its place, and the output takes it
when the page is HTML. Pictures become files beside the page.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.filters import strip_ansi
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from shop.settings import ROOT
from workshop import chain
from workshop.site import sources

LANGUAGES = {"sql": "sql", "cypher": "cypher", "scratch": "python", "solve": "sql", "predict": "python"}
LEGIBLE = 0.62  # a picture is not shown smaller than this share of its size
POINT = 4 / 3  # pixels
_MARK = "<!-- output {} of {} -->"
_MARKS = re.compile(r"<!-- output (\d+) of ([\w.]+) -->")
_WAYS = re.compile(r"^\*\*(?:\d+ minutes\*\*|Next:\*\*).*", re.MULTILINE)  # the lines that lead to other notebooks
_SVG = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
_NOISE = ("ipykernel", "tracemalloc", "asyncio")  # what the kernel says of itself when it ends


@dataclass
class NotebookPage:
    """A notebook's page.

    markdown: with marks for the outputs; outputs: the HTML of each; pictures: the files beside the page by name.
    """

    name: str
    markdown: str = ""
    outputs: list[str] = field(default_factory=list)
    pictures: dict[str, bytes] = field(default_factory=dict)

    def filled(self, page: str) -> str:
        """Return a page's HTML with the outputs in the place of their marks."""
        return _MARKS.sub(lambda found: self.outputs[int(found[1])], page)

    def keep(self, output: str) -> str:
        """Keep an output and return the mark that stands for it."""
        self.outputs.append(output)
        return _MARK.format(len(self.outputs) - 1, self.name)


def convert(path: Path, turn: Callable[[str], str]) -> NotebookPage:
    """Return the page of an executed notebook.

    Args:
        path: the executed notebook.
        turn: gives a cell's Markdown with its links turned.
    """
    page = NotebookPage(path.stem)
    parts = [part for cell in nbformat.read(path, as_version=4).cells for part in _cell(page, cell, turn)]
    title, _, rest = parts[0].partition("\n")
    page.markdown = sources.UNSEARCHED + "\n\n".join([title, _banner(path.stem), rest, *parts[1:]]) + "\n"
    return page


def texts(path: Path) -> Iterator[str]:
    """Yield the Markdown cells of a notebook."""
    yield from (cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")


def _banner(name: str) -> str:
    folder = "labs" if name in chain.LABS else "steps"
    told = f" [Its page](../{folder}/{name}.md) tells the same in short." if name != chain.START else ""
    how = f"To run it yourself: `make lab`, then open `{name}`."
    return f"This notebook was run when the site was built.{told} {how}\n{{: .banner}}"


def _cell(page: NotebookPage, cell: Any, turn: Callable[[str], str]) -> Iterator[str]:
    if cell.cell_type == "markdown":
        yield turn(_WAYS.sub(_with_links, cell.source))
    elif cell.source.strip():
        yield sources.fenced(cell.source, _language(cell.source)).strip()
        shown = [text for output in cell.outputs if (text := _output(page, output))]
        if shown:
            yield page.keep('<div class="output">' + "\n".join(shown) + "</div>")


def _with_links(line: re.Match[str]) -> str:
    """Return a line with a link to each notebook that it names."""
    return re.sub(r"(?<!\[)`(\w+)`", lambda name: f"[{name[0]}]({name[1]}.ipynb)", line[0])


def _language(source: str) -> str:
    magic = re.match(r"%%(\w+)", source)
    return LANGUAGES.get(magic[1], "text") if magic else "python"


def _output(page: NotebookPage, output: Any) -> str:
    """Return one output as HTML; empty when there is nothing to see."""
    if output.output_type == "stream":
        return _stream(output.name, output.text)
    if output.output_type == "error":
        return _text("\n".join(output.traceback))
    return _data(page, output.data)


def _data(page: NotebookPage, data: Mapping[str, str]) -> str:
    """Return the richest form of a value that a page can show."""
    if "text/latex" in data and "text/html" in data:  # IPython's Code, in colours for a white page
        return _text(data["text/plain"], "python")
    if shown := data.get("text/html") or data.get("image/svg+xml"):
        return _html(page, shown)
    if "image/png" in data:
        return _picture(page, base64.b64decode(data["image/png"]), "png", data.get("text/plain", ""))
    return "" if "text/html" in data else _text(data.get("text/plain", ""))


def _stream(name: str, text: str) -> str:
    """Return what was printed; of a progress bar, which goes back to the line's begin, what was left to see."""
    lines = [line.rsplit("\r", 1)[-1] for line in strip_ansi(text).replace("\r\n", "\n").split("\n")]
    text = "\n".join(lines)
    if name == "stderr" and any(word in text for word in _NOISE):
        return ""
    return _text(text)


def _text(text: str, language: str = "") -> str:
    """Return text as a block; with a language, coloured as the code of the page is."""
    text = _without_place(strip_ansi(text)).strip("\n")
    if not text.strip():
        return ""
    if language:
        return str(highlight(text, get_lexer_by_name(language), HtmlFormatter(cssclass="highlight", wrapcode=True)))
    return f"<pre><code>{html.escape(text)}</code></pre>"


def _html(page: NotebookPage, text: str) -> str:
    """Return HTML with its drawings as files beside the page, so that a page stays small and a phone can scroll it."""

    def one(found: re.Match[str]) -> str:
        label = re.search(r'aria-label="([^"]*)"', found[0][: found[0].index(">")])
        return _picture(page, _as_file(found[0]), "svg", html.unescape(label[1]) if label else "")

    return _SVG.sub(one, _without_place(text))


def _as_file(svg: str) -> bytes:
    """Return an SVG as a file of its own, which must name its namespace."""
    head, rest = svg.split(">", 1)
    if "xmlns=" not in head:
        head += ' xmlns="http://www.w3.org/2000/svg"'
    if "xlink:" in svg and "xmlns:xlink" not in head:
        head += ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    return f"{head}>{rest}".encode()


def _picture(page: NotebookPage, content: bytes, kind: str, told: str) -> str:
    """Keep a picture as a file and return the HTML that shows it, with what it shows in words."""
    name = f"picture_{len(page.pictures) + 1}.{kind}"
    page.pictures[name] = content
    alt = html.escape(told.strip() or f"A picture drawn by the notebook {page.name}")
    width, height = _size(content, kind)
    size = f'width="{width}" height="{height}" style="min-width: {LEGIBLE * width:.0f}px"'
    return f'<a class="picture" href="{name}"><img src="{name}" alt="{alt}" {size} loading="lazy"></a>'


def _size(content: bytes, kind: str) -> tuple[int, int]:
    """Return the width and height of a picture in pixels, as its file says."""
    if kind == "png":
        return int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big")
    found = re.search(rb'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', content)
    if not found:
        raise ValueError("A drawing without a viewBox has no size.")
    return round(float(found[1]) * POINT), round(float(found[2]) * POINT)


def _without_place(text: str) -> str:
    """Leave out in which folder of which machine the repository lay."""
    return text.replace(f"{ROOT}/", "").replace(str(ROOT), ".")
