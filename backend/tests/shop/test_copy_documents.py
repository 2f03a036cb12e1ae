"""op.copy_documents and op.remove_documents on a folder made for the purpose."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from shop import database
from shop.operations.document_file import DocumentError
from workshop import xray


@pytest.fixture
def folder(at, tmp_path, monkeypatch):
    """Write data/documents/*.md and load or remove them; returns the rows of a query afterwards."""
    settings = at("0008_create_documents")
    monkeypatch.setenv("SHOP_DATA", str(tmp_path))
    (tmp_path / "documents").mkdir()

    def run(question="SELECT heading, body FROM chunks ORDER BY id", *, remove=False, longest=1000, **files):
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            (tmp_path / "documents" / f"{name}.md").write_bytes(raw)
        with database.connect(settings) as connection:
            op = Operations(MigrationContext.configure(connection))
            with connection.begin():
                (op.remove_documents if remove else op.copy_documents)("documents", longest=longest)
            return [tuple(row) for row in connection.execute(sa.text(question))]

    run.connect = lambda: database.connect(settings)
    return run


def fingerprint(folder):
    with folder.connect() as connection:
        return xray.snapshot(connection).fingerprint


def test_sections_go_in_under_their_paths(folder):
    assert folder(a="# A\nintro\n## Charging\none\n### Battery care\ntwo") == [
        ("A", "intro"),
        ("Charging", "one"),
        ("Charging > Battery care", "two"),
    ]


def test_what_supersedes_what_whatever_the_order_of_the_names(folder):
    rows = folder(
        "SELECT d.file, newer.file FROM documents d LEFT JOIN documents newer ON newer.id = d.superseded_by_id "
        "ORDER BY d.id",
        a="---\nsuperseded_by: c.md\n---\nold",
        b="other",
        c="---\nsuperseded_by: b.md\n---\nnew",
    )
    assert rows == [("a.md", "c.md"), ("b.md", None), ("c.md", "b.md")]


@pytest.mark.parametrize(
    "text",
    [
        "\\.",
        "before\n\\.\nafter",
        "\\N",
        "tab\there, back\\slash \\n and 'quotes' \"too\"",
        "it's; DROP TABLE chunks; --",
        "$$ $1 %s {x} :y",
        "emoji \U0001f600 ✓ ünïcode",
        "a\x0bb\x0cc\u2028d",
    ],
)
def test_texts_come_through_unchanged(folder, text):
    assert folder(a=text) == [("a", text)]
    assert folder("SELECT body FROM documents", remove=True) == []


def test_a_long_section_becomes_several_chunks_of_one_heading(folder):
    rows = folder("SELECT position, heading, body FROM chunks ORDER BY id", longest=10, a="## H\naaaa\n\nbbbb\n\ncccc")
    assert rows == [(1, "H", "aaaa\n\nbbbb"), (2, "H", "cccc")]


def test_two_megabytes_go_in_whole(folder):
    text = "A sentence of some words. " * 80_000
    [(count, longest, words)] = folder(
        "SELECT count(*), max(length(body)), sum(array_length(string_to_array(body, ' '), 1)) FROM chunks", a=text
    )
    assert longest <= 1000 and count >= 2_000 and words == 80_000 * 5


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"caf\xe9", "line 1: byte 0xe9 is not UTF-8"),
        (b"", "holds no text"),
        (b"---\ntitle: endless\n", "does not end"),
    ],
)
def test_one_bad_document_is_one_clear_sentence_and_nothing_goes_in(folder, raw, words):
    before = fingerprint(folder)
    with pytest.raises(DocumentError, match=rf"b\.md.*{words}"):
        folder(a="good", b=raw)
    assert fingerprint(folder) == before


def test_a_kind_that_the_shop_does_not_know_is_refused_by_the_table(folder):
    before = fingerprint(folder)
    with pytest.raises(sa.exc.IntegrityError, match="ck_documents_kind_known"):
        folder(a="---\nkind: advert\n---\ntext")
    assert fingerprint(folder) == before


def test_what_was_put_in_comes_out_and_leaves_no_trace(folder):
    before = fingerprint(folder)
    folder(a="one", b="two\n## three\nfour")
    folder(remove=True)
    assert fingerprint(folder) == before


def test_numbers_go_on_after_the_highest(folder):
    with folder.connect() as connection:
        connection.execute(
            sa.text("INSERT INTO documents (id, file, title, kind, body) VALUES (40, 'z.md', 'Z', 'guide', 'text')")
        )
        connection.commit()
    assert folder("SELECT id, file FROM documents ORDER BY id", a="one", b="two") == [
        (40, "z.md"),
        (41, "a.md"),
        (42, "b.md"),
    ]
    assert folder("SELECT id, file FROM documents", remove=True) == [(40, "z.md")]
