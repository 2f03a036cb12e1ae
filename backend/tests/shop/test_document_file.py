"""Reading and cutting documents: no database."""

from __future__ import annotations

import random
import re
import time
from datetime import date

import pytest

from shop.operations.document_file import DocumentError, Section, cut, decode, parse, read_folder, sections

FRONT = (
    "---\ntitle: A manual\nkind: manual\neffective_from: 2026-02-01\nsuperseded_by: b.md\nproduct_ids: [21, 22]\n---\n"
)


def headings_of(text):
    return [section.heading for section in sections(text)]


def read(text, longest=1000):
    return parse("a.md", text, longest)


# -- what a document says of itself ------------------------------------------------------------------------------------


def test_front_matter_says_what_it_is():
    found = read(FRONT + "\n# Headline\n\nText.\n")
    assert found[:6] == ("a.md", "A manual", "manual", date(2026, 2, 1), "b.md", (21, 22))
    assert found.body == "# Headline\n\nText."


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 'Of the front: matter'\n---\n# Headline\ntext", "Of the front: matter"),
        ("# Headline\ntext", "Headline"),
        ("text only", "a"),
        ("## Not a headline, for it is of level 2\ntext", "a"),
        ("---\nkind: policy\n---\ntext", "a"),
    ],
)
def test_title_of_front_matter_or_headline_or_file(text, title):
    found = read(text)
    assert (found.title, found.superseded_by, found.product_ids, found.effective_from) == (title, None, (), None)


@pytest.mark.parametrize(
    ("front", "words"),
    [
        ("title: endless\n# Headline\ntext", "begins with --- and does not end"),
        ("tittle: a\n---\ntext", "line 2: 'tittle: a' is not one of title, kind"),
        ("title: a\n\ntitle: b\n---\ntext", "line 4: 'title: b'"),
        ("no colon here\n---\ntext", "line 2"),
        ("effective_from: 1 May\n---\ntext", "effective_from is 1 May, and not a day"),
        ("product_ids: [one]\n---\ntext", r"product_ids is \[one\], and not a list of keys"),
        ("product_ids: [-1]\n---\ntext", "not a list of keys"),
        ("product_ids: [99999999999]\n---\ntext", "not a list of keys"),
    ],
)
def test_front_matter_that_cannot_be_read_is_named(front, words):
    with pytest.raises(DocumentError, match=f"^a.md.*{words}"):
        read("---\n" + front)


@pytest.mark.parametrize("text", ["", "\n\n", "# A headline\n\n## And a heading\n", FRONT, " \t\n\u00a0\n"])
def test_a_document_without_text_is_an_error(text):
    with pytest.raises(DocumentError, match=r"a\.md holds no text"):
        read(text)


# -- sections ----------------------------------------------------------------------------------------------------------


def test_headings_give_a_path():
    text = "# Manual\nintro\n## Charging\na\n### Battery care\nb\n#### In winter\nc\n### Lights\nd\n## Cleaning\ne"
    assert list(sections(text)) == [
        Section("", "intro"),
        Section("Charging", "a"),
        Section("Charging > Battery care", "b"),
        Section("Charging > Battery care > In winter", "c"),
        Section("Charging > Lights", "d"),
        Section("Cleaning", "e"),
    ]


def test_text_before_the_first_heading_is_called_like_the_document():
    assert read("Before.\n\n# Part one\nText.").chunks == (Section("a", "Before."), Section("Part one", "Text."))
    assert read("# Headline\nintro\n## One\ntext").chunks[0] == Section("Headline", "intro")
    assert read("no heading at all").chunks == (Section("a", "no heading at all"),)


def test_a_heading_without_text_lives_on_in_the_paths_below_it():
    assert headings_of("# H\n## Charging\n\n### Battery\ntext\n## Empty\n## Last\ntext") == [
        "Charging > Battery",
        "Last",
    ]


def test_levels_may_be_skipped_and_a_second_headline_is_a_part():
    assert headings_of("# H\n#### Deep\na\n## Up\nb\n# Part two\nc\n## In it\nd") == [
        "Deep",
        "Up",
        "Part two",
        "Part two > In it",
    ]


@pytest.mark.parametrize("fence", ["```", "~~~", "`````", "   ```"])
def test_a_line_in_a_code_fence_is_no_heading(fence):
    text = f"## Install\n{fence}console\n# as root\n## really\n{fence}\nafter\n## Next\ntext"
    assert headings_of(text) == ["Install", "Next"]
    assert "# as root" in next(sections(text)).body


def test_a_fence_ends_only_with_its_own_mark():
    assert headings_of("## A\n````\n```\n# code\n~~~\n# code\n````\n## B\nb") == ["A", "B"]
    assert headings_of("## A\n```\n# never closed\n## nor this") == ["A"]
    assert headings_of("## A\n``` `not a fence` ```\n## B\nb") == ["A", "B"]


@pytest.mark.parametrize(
    ("line", "heading"),
    [
        ("## Plain", "Plain"),
        ("   ## Indented by three", "Indented by three"),
        ("##\tWith a tab", "With a tab"),
        ("## Closed ##", "Closed"),
        ("## Written in C#", "Written in C#"),
        ("## 100 % *bold*   ", "100 % *bold*"),
        ("## ", ""),
        ("##", ""),
        ("## ##", ""),
    ],
)
def test_what_a_heading_is(line, heading):
    assert headings_of(f"{line}\ntext") == [heading]


@pytest.mark.parametrize(
    "line", ["##No space", "####### seven", "    ## code", "\\# escaped", "#1 in sales", "#!/bin/sh"]
)
def test_what_no_heading_is(line):
    assert next(sections(f"{line}\ntext")).body.endswith(f"{line.strip()}\ntext")
    assert headings_of(f"{line}\ntext") == [""]


def test_a_first_line_that_is_indented_code_stays_code():
    assert next(sections("## A\n\n \n    code\n\ntext\n\n")).body == "    code\n\ntext"


# -- bytes -------------------------------------------------------------------------------------------------------------


def test_windows_line_ends_byte_order_mark_and_nul():
    raw = b"\xef\xbb\xbf---\r\ntitle: T\r\n---\r\n# H\r\n\r\n## A\r\none\r\n\r\ntwo\0\r\n"
    found = read(decode("a.md", raw))
    assert (found.title, found.chunks) == ("T", (Section("A", "one\n\ntwo\N{REPLACEMENT CHARACTER}"),))


@pytest.mark.parametrize(("raw", "line", "byte"), [(b"ok\ncaf\xe9", 2, "0xe9"), ("text".encode("utf-16"), 1, "0xff")])
def test_not_utf_8_is_said_with_line_and_byte(raw, line, byte):
    with pytest.raises(DocumentError, match=f"a.md, line {line}: byte {byte} is not UTF-8. Save the file as UTF-8"):
        decode("a.md", raw)


# -- cutting -----------------------------------------------------------------------------------------------------------


def test_paragraphs_are_kept_whole_as_long_as_they_fit():
    assert list(cut("aaaa\n\nbbbb\n\ncccc", 10)) == ["aaaa\n\nbbbb", "cccc"]
    assert list(cut("aaaa\n\nbbbb\n\ncccc", 9)) == ["aaaa", "bbbb", "cccc"]
    assert list(cut("short", 10)) == ["short"]


def test_a_paragraph_that_is_too_long_is_cut_at_lines_sentences_words():
    assert list(cut("| a | b |\n| c | d |\n| e | f |", 20)) == ["| a | b |\n| c | d |", "| e | f |"]
    assert list(cut("One sentence. Another one. A third.", 28)) == ["One sentence. Another one.", "A third."]
    assert list(cut("words and words", 10)) == ["words and", "words"]
    assert list(cut("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]


def test_a_code_fence_is_one_paragraph():
    text = "text\n\n```\na\n\nb\n```\n\nafter"
    assert list(cut(text, 15)) == ["text", "```\na\n\nb\n```", "after"]


def test_no_word_is_lost_and_no_piece_too_long_whatever_the_text():
    source = random.Random(20261121)
    parts = [
        "word ",
        "a sentence. ",
        "\n",
        "\n\n",
        "# no heading here: ",
        "```\n",
        "  ",
        "x" * 30,
        "é😀",
        "\t",
        "| t | u |\n",
    ]
    for _ in range(300):
        text = "".join(source.choices(parts, k=source.randint(1, 60)))
        pieces = list(cut(text, 50))
        assert all(0 < len(piece) <= 50 and piece.strip() for piece in pieces), text
        assert re.sub(r"\s", "", "".join(pieces)) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    "text",
    [
        "A sentence of some words. " * 80_000,
        "x" * 2_000_000,
        "paragraph\n\n" * 200_000,
        "## Heading\ntext\n" * 130_000,
        "#" + " " * 1_000_000 + "#" * 1_000_000 + "\ntext",
        "```\n" + "# code\n\n" * 250_000,
    ],
    ids=["one line", "one word", "paragraphs", "headings", "one heading", "one fence"],
)
def test_two_megabytes_are_cut_in_seconds(text):
    begin = time.monotonic()
    found = read(text)
    assert time.monotonic() - begin < 10
    assert found.chunks and all(0 < len(chunk.body) <= 1000 for chunk in found.chunks)


# -- a folder ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_in_the_order_of_the_names(tmp_path):
    for name in ("b.md", "a.md", "notes.txt", "B.md"):
        (tmp_path / name).write_text("text", encoding="utf-8")
    assert [document.file for document in read_folder(tmp_path, 1000)] == ["B.md", "a.md", "b.md"]


def test_a_folder_that_is_missing_or_empty_or_points_nowhere(tmp_path):
    with pytest.raises(DocumentError, match="data/none/ is missing: restore it"):
        read_folder(tmp_path / "none", 1000)
    with pytest.raises(DocumentError, match=r"holds no file that ends in .md"):
        read_folder(tmp_path, 1000)
    (tmp_path / "a.md").write_text(FRONT + "text", encoding="utf-8")
    with pytest.raises(DocumentError, match=r"a.md: superseded_by names b.md, and the folder has no such file"):
        read_folder(tmp_path, 1000)
