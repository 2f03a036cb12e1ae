"""The pages as files: everything is there, every link and anchor leads somewhere, nothing comes from another host."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from shop.settings import ROOT
from workshop import chain, walk
from workshop.site import picture

HERE = "http://site/"


def address(page, link):
    """Return (page or file, anchor) of a link, seen from a page; None for what leads out of the site."""
    whole = urlsplit(urljoin(HERE + page, link))
    if f"{whole.scheme}://{whole.netloc}/" != HERE:
        return None
    return unquote(whole.path).lstrip("/"), unquote(whole.fragment)


def test_every_link_and_every_anchor_leads_somewhere(site):
    lost, seen = [], 0
    for name, page in site.pages.items():
        for link in page.links:
            found = address(name, link)
            if found is None:
                continue
            seen += 1
            target, anchor = found
            if target in site.pages:
                lost += [(name, link)] if anchor and anchor not in site.pages[target].ids else []
            elif not (site.folder / target).is_file():
                lost.append((name, link))
    assert lost == []
    assert seen > 1000


def test_a_notebook_leads_to_the_one_before_it_and_the_next(site):
    for before, step, after in zip(chain.steps(), chain.steps()[1:], chain.steps()[2:], strict=False):
        text = site.pages[f"notebooks/{step.name}/"].text
        named = re.findall(r'<a href="\.\./(\w+)/"><code>\1</code></a>', text)
        assert named == [before.name, after.name, after.name], step.name


def test_links_that_leave_the_site_are_ordinary_addresses(site):
    out = {link for name, page in site.pages.items() for link in page.links if address(name, link) is None}
    assert {urlsplit(link).scheme for link in out} <= {"https", "http", "mailto"}


def test_nothing_is_loaded_from_another_host(site):
    for name, page in site.pages.items():
        for load in page.loads:
            found = address(name, load)
            assert load.startswith("data:") or (found and (site.folder / found[0]).is_file()), (name, load)
    for style in [*site.folder.rglob("*.css"), *site.folder.rglob("*.svg")]:
        text = style.read_text(encoding="utf-8")
        loads = re.findall(r"url\(\s*['\"]?([^'\")]+)", text) + re.findall(r"@import\s+['\"]([^'\"]+)", text)
        assert [load for load in loads if not load.startswith(("data:", "#"))] == [], style.name


def test_every_picture_has_a_text(site):
    pictures = {
        (address(name, link), text.strip()) for name, page in site.pages.items() for link, text in page.pictures
    }
    told = dict(pictures)
    assert told.pop(("assets/logo.svg", "")) == "logo"  # beside the name of the site, in every header
    assert {where: text for where, text in told.items() if len(text) < 15} == {}
    assert len(told) > 10
    for name, page in site.pages.items():
        for drawing in page.drawings:
            assert drawing.get("aria-label") or drawing.get("aria-labelledby"), name


def test_steps_labs_and_notebooks_each_have_their_page_and_are_listed(site):
    steps = [f"steps/{step.name}/" for step in chain.steps()]
    labs = [f"labs/{name}/" for name in chain.LABS]
    notebooks = [f"notebooks/{path.stem}/" for path in walk.notebooks()]
    for pages in (steps, labs, notebooks):
        listed = [address(pages[0], link) for link in site.pages[pages[0]].links]
        for page in pages:
            assert page in site.pages
            assert (page, "") in listed


def test_every_page_that_is_written_is_on_the_site(site):
    written = [path.relative_to(ROOT / "docs").with_suffix("") for path in (ROOT / "docs").rglob("*.md")]
    expected = {"" if path.as_posix() == "index" else f"{path.as_posix().removesuffix('/index')}/" for path in written}
    assert expected - {f"{one}" for one in site.pages} == set()


def test_the_chain_on_the_home_page_leads_to_every_step(site):
    text = site.pages[""].text
    drawn = text[text.index('<svg class="chain"') : text.index("</svg>", text.index('<svg class="chain"'))]
    assert re.findall(r'<a href="([^"]+)"', drawn) == [f"steps/{step.name}/" for step in chain.steps()]
    for step in chain.steps():
        assert f">{step.title}</text>" in drawn and f">{step.name}</text>" in drawn
    assert "<title" in drawn and "<desc" in drawn


def test_the_chain_as_a_file_is_what_the_code_draws():
    text = (ROOT / "docs" / picture.FILE).read_text(encoding="utf-8")
    assert picture.drawing() in text


@pytest.mark.parametrize("name", [path.stem for path in walk.notebooks()])
def test_a_notebook_is_shown_as_it_ran(site, name):
    page = site.pages[f"notebooks/{name}/"]
    executed = json.loads((walk.EXECUTED / f"{name}.ipynb").read_text(encoding="utf-8"))
    outputs = [cell for cell in executed["cells"] if cell.get("outputs")]
    assert "<!-- output" not in page.text and "\x1b" not in page.text
    assert str(ROOT) not in page.text
    shown = page.text.count('<div class="output">')
    assert len(outputs) // 2 < shown <= len(outputs)  # some cells only show a bar that is gone again


def test_the_xray_is_on_the_notebooks_page_and_keeps_its_form(site):
    text = site.pages["notebooks/0002_create_catalog/"].text
    xray = text[text.index('<table class="xray">') :]
    assert xray[: xray.index("</table>")].count("<td") > 20
    assert "<summary" in xray and "<code>product_features</code>" in xray


def test_markdown_was_understood(site):
    """A list that begins without an empty line is a list for Jupyter and GitHub, and not for the site."""
    for name, page in site.pages.items():
        for text in page.paragraphs:
            assert not re.search(r"^(- |\d+\. )|^```|\]\(|^\|", text, re.MULTILINE), (name, text[:200])


def test_a_file_of_the_repository_is_shown_whole_and_data_is_cut(site):
    step = chain.steps()[2]
    page = site.pages[f"source/{step.revision.relative_to(ROOT).as_posix()}/"]
    last = step.source().strip().splitlines()[-1].split("(")[0].split()[0]
    assert last in re.sub(r"<[^>]+>", "", page.text)
    labels = site.pages["source/data/gold/labels.csv/"].text
    assert re.search(r"The first 50 of [\d,]+ lines\.", labels)


def test_the_search_knows_pages_and_not_notebooks_or_sources(site):
    index = json.loads((site.folder / "search" / "search_index.json").read_text(encoding="utf-8"))
    pages = {one["location"].partition("#")[0] for one in index["docs"]}
    assert {f"steps/{step.name}/" for step in chain.steps()} <= pages
    assert [page for page in pages if page.startswith(("notebooks/", "source/"))] == []
