"""Drafts: what is written, what is refused, and where they go."""

from __future__ import annotations

import pytest

from shop.settings import BACKEND
from workshop import chain, scratch, terminal

DRAFT = 'revision = "mine"\ndown_revision: str = "0001_create_sample_table"\n'


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("My Draft", DRAFT, '"My Draft" is no revision id'),
        ("x" * 33, DRAFT, "at most 32 characters"),
        ("yours", DRAFT, 'The draft must say: revision = "yours"'),
        ("mine", "revision =", "not Python: line 1"),
        ("mine", "pass\n", "must say which revision it is"),
    ],
)
def test_what_is_no_draft_is_refused_with_its_reason(name, text, words):
    with pytest.raises(scratch.ScratchError, match=words):
        scratch.write(name, text)
    assert scratch.drafts() == []


def test_annotated_or_not_the_id_is_found():
    assert scratch.declared(DRAFT) == "mine"
    assert scratch.declared('revision: str = "yours"') == "yours"


def test_a_part_is_replaced_when_it_is_there_once():
    scratch.write("mine", DRAFT)
    draft = scratch.newest()
    assert draft.replace("0001_create_sample_table", "0002_create_catalog").text.count("0002_create_catalog") == 1
    with pytest.raises(scratch.ScratchError, match=r"holds 'e' 5 times"):
        draft.replace("e", "n")
    assert draft.replace(..., ...).text == draft.text


def test_without_a_draft_it_is_said():
    with pytest.raises(scratch.ScratchError, match="There is no draft"):
        scratch.newest()


def test_the_copy_of_the_models_names_itself(tmp_path):
    copy = scratch.copy_models("people")
    assert "from draft_models.base import Base" in copy.text and "shop.models" not in copy.text
    with pytest.raises(scratch.ScratchError, match=r'no file "persons\.py"\. It has: base, catalog'):
        scratch.copy_models("persons")
    scratch.clear()
    assert not copy.path.exists()


def test_set_aside_keeps_everything_and_numbers_it():
    assert scratch.set_aside() is None
    for number in (1, 2):
        scratch.write("mine", DRAFT)
        scratch.copy_models("people")
        kept = scratch.set_aside()
        assert kept.name == f"kept_{number}" and scratch.drafts() == []
        assert sorted(path.name for path in kept.iterdir()) == ["draft_models", "mine.py"]


def test_a_draft_gets_the_next_number_the_words_that_fit_and_a_place_of_its_own(settings, at):
    head = chain.steps()[-1]
    at(head.name)
    for message in ("Add the moment of the last login to users", "Über-long: " + "x" * 40, "again"):
        terminal.run(settings, "alembic", f'revision -m "{message}"', drafts=True)
    first = int(head.number) + 1
    names = [f"{first:04}_add_the_moment_of_the_last", f"{first + 1:04}_ber_long", f"{first + 2:04}_again"]
    assert [path.stem for path in scratch.drafts()] == names
    assert [scratch.declared(path.read_text(encoding="utf-8")) for path in scratch.drafts()] == names
    assert not [path for path in (BACKEND / "alembic" / "versions").glob("*.py") if path.stem in names]
