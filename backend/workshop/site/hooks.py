"""What mkdocs calls while it builds the site."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from shop.errors import ExplainedError
from shop.settings import ROOT
from workshop import walk
from workshop.site import links, navigation, notebooks, picture, sources

CODE = "language-python highlight"
_notebooks: dict[str, notebooks.NotebookPage] = {}
_shown: dict[str, Path] = {}  # the repository's files that have a page here, by page


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made: executed notebooks, and the files that pages link to; then the navigation."""
    written = [file.src_uri for file in files.documentation_pages()]
    try:
        config.nav = navigation.navigation(written, config.extra["sections"])
    except ExplainedError as error:
        raise PluginError(str(error)) from error
    _notebooks.clear()
    _shown.clear()
    for path in walk.notebooks():
        for file in _notebook(path, config):
            files.append(file)
    texts = [(links.DOCS / page, (links.DOCS / page).read_text(encoding="utf-8")) for page in written]
    texts += [(path, text) for path in walk.notebooks() for text in notebooks.texts(path)]
    for path in _linked(texts):
        page = links.place(path)
        if files.get_file_from_path(page) is None:
            _shown[page] = path
            files.append(File.generated(config, page, content=sources.page(path)))
    return files


def _notebook(path: Path, config: Any) -> list[File]:
    """Return the page of a notebook and its pictures."""
    executed = walk.EXECUTED / path.name
    if not executed.exists():
        raise PluginError(
            f"{executed.relative_to(ROOT)} is missing: the site shows notebooks as they ran. "
            "Build it with `make docs`, which runs them first."
        )
    page = f"notebooks/{path.stem}.md"
    made = notebooks.convert(executed, lambda text: _turned(text, path.parent, page))
    _notebooks[page] = made
    pictures = [
        File.generated(config, f"notebooks/{path.stem}/{name}", content=content)
        for name, content in made.pictures.items()
    ]
    return [File.generated(config, page, content=made.markdown), *pictures]


def _linked(texts: list[tuple[Path, str]]) -> set[Path]:
    """Return all files and folders outside the site's own that the texts link to, and what these link to."""
    found: set[Path] = set()
    while texts:
        path, text = texts.pop()
        new = {link.path for link in links.links(text, path.parent) if link.exists} - found
        found |= new
        for one in new:
            if one.is_dir():
                texts.append((one / "a page", sources.page(one)))
            elif one.suffix == ".md":
                texts.append((one, one.read_text(encoding="utf-8")))
    return {path for path in found if not (path.is_file() and path.is_relative_to(links.DOCS))}


def _turned(text: str, folder: Path, page: str) -> str:
    """Return a page's Markdown with its links into the repository turned to the pages of the site."""

    def turn(link: links.Link) -> str:
        if not link.exists:
            return link.written  # mkdocs says so, with the page and the link
        return links.between(page, links.place(link.path), link.anchor)

    return links.turned(text, folder, turn)


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Turn the links of a page; the home page is shown without side bars."""
    uri = page.file.src_uri
    if uri == navigation.HOME:
        page.meta["hide"] = ["navigation", "toc"]
    if uri in _notebooks:
        return markdown
    path = _shown.get(uri, links.DOCS / uri)
    return _turned(markdown, path if path.is_dir() else path.parent, uri)


def on_page_content(html: str, page: Any, config: Any, files: Files) -> str:
    """Put in what is no Markdown: a notebook's outputs, the chain with its links."""
    uri = page.file.src_uri
    if uri in _notebooks:
        html = _notebooks[uri].filled(html)
    # A revision's own text would be found under every word of it, and has a page of its own.
    html = html.replace(f'<div class="{CODE}">', f'<div class="{CODE}" data-search-exclude>')
    return picture.put_in(html, lambda step: files.get_file_from_path(f"steps/{step}.md").url_relative_to(page.file))
