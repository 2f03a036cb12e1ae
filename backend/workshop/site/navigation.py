"""The navigation: steps, labs and notebooks in the order of the chain, the other pages folder by folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from shop.errors import ExplainedError
from workshop import chain, labs

HOME = "index.md"
Nav = list[Any]  # as mkdocs wants it: titles to pages or to lists of these


class NavigationError(ExplainedError):
    """A page belongs to no section."""


def navigation(pages: Iterable[str], sections: Mapping[str, Mapping[str, Any]]) -> Nav:
    """Return the whole navigation.

    Args:
        pages: every page in docs/, as a path from there: "steps/0003_seed_catalog.md".
        sections: of the pages that do not come from the chain: title, folder, preferred order of the names.

    Raises:
        NavigationError: a page is in none of the sections, and nobody would find it.
    """
    left = set(pages)
    nav: Nav = [{"Home": HOME}] if HOME in left else []
    nav += [{"Steps": _index("steps", left) + [{f"{s.number} {s.title}": f"steps/{s.name}.md"} for s in chain.steps()]}]
    nav += [{"Labs": _index("labs", left) + [{labs.listed_title(name): f"labs/{name}.md"} for name in chain.LABS]}]
    nav += [{"Notebooks": [{title: f"notebooks/{name}.md"} for name, title in notebook_titles().items()]}]
    for title, section in sections.items():
        listed = _in_order(left, section["folder"], section["order"])
        nav += [{title: _index(section["folder"], left) + listed}] if listed else []
    if lost := sorted(left - set(_pages(nav))):
        raise NavigationError(
            f"No section of the site lists {', '.join(f'docs/{page}' for page in lost)}: move it to the folder of a "
            "section, or name its folder under `sections` in mkdocs.yml. Steps and labs are those of the chain."
        )
    return nav


def notebook_titles() -> dict[str, str]:
    """Return the titles of all notebooks by name, in the order of the walk."""
    titles = {chain.START: "0000 Start here"}
    titles |= {step.name: f"{step.number} {step.title}" for step in chain.steps()}
    return titles | {name: f"Lab: {labs.listed_title(name).lower()}" for name in chain.LABS}


def _index(folder: str, pages: set[str]) -> Nav:
    return [f"{folder}/index.md"] if f"{folder}/index.md" in pages else []


def _in_order(pages: set[str], folder: str, order: Sequence[str]) -> list[str]:
    """Return the pages of a folder: those with a place in the order, and then the others by name."""
    names = {page.removeprefix(f"{folder}/").removesuffix(".md") for page in pages if page.startswith(f"{folder}/")}
    ordered = [name for name in order if name in names] + sorted(names - set(order) - {"index"})
    return [f"{folder}/{name}.md" for name in ordered]


def _pages(nav: Any) -> Iterable[str]:
    if isinstance(nav, str):
        yield nav
    else:
        for one in nav.values() if isinstance(nav, dict) else nav:
            yield from _pages(one)
