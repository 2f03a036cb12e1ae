"""The pages of the steps: one order for all, so that a reader who knows one finds everything in the next."""

import re

import pytest

from shop.settings import ROOT
from workshop import chain
from workshop.generated import marking

ORDER = [
    "The question",
    "Before and after",
    "Run it",
    "The revision",
    "What the X-ray saw",
    "Three things to notice",
    "What could go wrong in production",
    "How to undo it",
    "Next",
]
MAY_HAVE_MORE_BEFORE = "Three things to notice"  # what is special about one step stands here

STEPS = [pytest.param(step, id=step.name) for step in chain.steps()]


def sections(text: str) -> dict[str, str]:
    """The text below each heading of the second level; a # inside a block of code is no heading."""
    bare = re.sub(r"^```.*?^```", lambda block: block[0].replace("\n#", "\n "), text, flags=re.DOTALL | re.MULTILINE)
    starts = [(found.start(), found.end(), found[1]) for found in re.finditer(r"^## (.+)$", bare, re.MULTILINE)]
    ends = [start for start, _, _ in starts[1:]] + [len(text)]
    return {name: text[body:end] for (_, body, name), end in zip(starts, ends, strict=True)}


@pytest.mark.parametrize("step", STEPS)
def test_a_step_page_has_all_sections_in_their_order(step):
    found = list(sections(step.page.read_text(encoding="utf-8")))
    before = found.index(MAY_HAVE_MORE_BEFORE)
    more = [name for name in found[:before] if name not in ORDER]
    assert [name for name in found if name not in more] == ORDER
    assert found[before - len(more) : before] == more, (
        "what a page has besides stands together, before its three things"
    )


@pytest.mark.parametrize("step", STEPS)
def test_a_step_page_is_called_as_its_revision(step):
    text = step.page.read_text(encoding="utf-8")
    assert text.startswith(f"# {step.title}\n")


@pytest.mark.parametrize("step", STEPS)
def test_a_step_page_shows_its_revision_its_links_and_its_xray(step):
    text = step.page.read_text(encoding="utf-8")
    assert {f"step-{step.number}", f"xray-{step.number}"} <= set(marking.found(text))
    assert f'```python\n--8<-- "{step.revision.relative_to(ROOT)}"\n```' in sections(text)["The revision"]
    assert f"generated: xray-{step.number} " in sections(text)["What the X-ray saw"]
    assert text.index(f"generated: step-{step.number} ") < text.index("## The question")


@pytest.mark.parametrize("step", STEPS)
def test_no_section_of_a_step_page_is_empty_and_three_things_are_three(step):
    found = sections(step.page.read_text(encoding="utf-8"))
    prose = {name: re.sub(r"<!--.*?-->|```.*?```", "", text, flags=re.DOTALL).strip() for name, text in found.items()}
    assert not [name for name, text in prose.items() if name != "Run it" and len(text) < 40]
    assert "```console\n" in found["Run it"] and "```console\n" in found["How to undo it"]
    assert re.findall(r"^(\d)\. \*\*", found["Three things to notice"], re.MULTILINE) == ["1", "2", "3"]


@pytest.mark.parametrize("step", STEPS)
def test_the_last_section_leads_to_the_next_step_or_to_the_labs(step):
    number = chain.steps().index(step)
    after = [one.name for one in chain.steps()[number + 1 : number + 2]]
    target = f"({after[0]}.md)" if after else f"(../labs/{chain.LABS[0]}.md)"
    assert target in sections(step.page.read_text(encoding="utf-8"))["Next"]
