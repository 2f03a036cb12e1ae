"""Links in a Markdown text: which are found, where they lead on the site."""

from __future__ import annotations

import pytest

from shop.settings import ROOT
from workshop.site import links, sources

STEPS = ROOT / "docs" / "steps"
REVISION = "../../backend/alembic/versions/0003_seed_catalog.py"


def found(text):
    return [link.written for link in links.links(text, STEPS)]


def test_links_pictures_and_named_links_are_found():
    text = f"[a]({REVISION}), ![b](../images/xray.png 'x'), [`c`](0001.md#here)\n\n[d]: ../labs/one.md\n"
    assert found(text) == [REVISION, "../images/xray.png", "0001.md#here", "../labs/one.md"]


def test_a_picture_that_is_a_link_is_found_inside_and_out():
    assert found("[![b](one.png)](two.md)") in (["two.md"], ["one.png", "two.md"])


@pytest.mark.parametrize(
    "text",
    [
        "`[a](b.md)`",
        "``a ` [a](b.md)``",
        "```python\n[a](b.md)\n```",
        "````text\n```\n[a](b.md)\n```\n````\n",
        "~~~\n[a](b.md)\n~~~",
        "[a](https://example.org/b.md) [b](#there) [c](mailto:a@b.c)",
    ],
)
def test_code_and_addresses_are_left_alone(text):
    assert found(text) == []
    assert links.turned(text, STEPS, lambda link: "turned") == text


def test_a_link_after_code_is_found():
    assert found("```\na\n```\n\n`b` and [c](d.md)\n") == ["d.md"]


@pytest.mark.parametrize(
    ("written", "page"),
    [
        (REVISION, "source/backend/alembic/versions/0003_seed_catalog.py.md"),
        ("../../notebooks/0003_seed_catalog.ipynb", "notebooks/0003_seed_catalog.md"),
        ("0003_seed_catalog.md", "steps/0003_seed_catalog.md"),
        ("../../data/README.md", "source/data/README.md"),
        ("../../data", "source/data/README.md"),
        ("../../backend/shop/search", "source/backend/shop/search/index.md"),
        ("../../backend/.env.example", "source/backend/dot-env.example.md"),
        ("../../Makefile", "source/Makefile.md"),
    ],
)
def test_where_a_link_leads(written, page):
    (link,) = links.links(f"[a]({written})", STEPS)
    assert link.exists
    assert links.place(link.path) == page


def test_a_link_out_of_the_repository_leads_nowhere():
    (link,) = links.links("[a](../../../outside.md)", STEPS)
    assert not link.exists


def test_a_block_holds_whatever_is_in_it():
    text = 'a\n````\nb\n--8<-- "c"\n````'
    block = sources.fenced(text, "text")
    assert block.startswith("`````text\n")
    assert ';--8<-- "c"' in block
