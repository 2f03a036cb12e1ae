"""0008_create_documents: three tables, their rules, soft and real deletion, and nothing left of them."""

import pytest
import sqlalchemy as sa

DOCUMENT = "INSERT INTO documents (file, title, kind, body)"
CHUNK = "INSERT INTO chunks (document_id, position, heading, body)"


@pytest.fixture
def filled(revision):
    """Two documents with a chunk each; the first is about a product."""
    revision.up()
    revision.run(f"{DOCUMENT} VALUES ('a.md', 'A', 'manual', 'Text.'), ('b.md', 'B', 'policy', 'Text.')")
    revision.run(f"{CHUNK} VALUES (1, 1, 'A', 'Text.'), (2, 1, 'B', 'Text.')")
    revision.run("INSERT INTO document_products SELECT 1, min(id) FROM products")
    return revision


def test_what_it_adds_and_that_rows_stay(revision):
    seen = revision.up()
    assert [seen.count(kind) for kind in ("table", "type", "index", "sequence")] == [3, 0, 7, 2]
    assert [seen.rows(table) for table in ("products", "documents", "chunks")] == [0, 0, 0]


@pytest.mark.parametrize(
    ("rule", "statement"),
    {
        "uq_documents_file": f"{DOCUMENT} VALUES ('a.md', 'Again', 'manual', 'Text.')",
        "ck_documents_kind_known": f"{DOCUMENT} VALUES ('c.md', 'C', 'advert', 'Text.')",
        "ck_documents_superseded_by_another": "UPDATE documents SET superseded_by_id = id",
        "ck_documents_title_not_empty": "UPDATE documents SET title = ''",
        "ck_documents_body_not_empty": r"UPDATE documents SET body = E'\n'",
        "fk_documents_superseded_by_id_documents": "UPDATE documents SET superseded_by_id = 99",
        "pk_document_products": "INSERT INTO document_products SELECT 1, min(id) FROM products",
        "fk_document_products_product_id_products": "INSERT INTO document_products VALUES (1, 9999)",
        "fk_document_products_document_id_documents": "INSERT INTO document_products SELECT 99, min(id) FROM products",
        "uq_chunks_document_id_position": f"{CHUNK} VALUES (1, 1, 'A', 'Once more.')",
        "fk_chunks_document_id_documents": f"{CHUNK} VALUES (99, 1, 'A', 'Text.')",
        "ck_chunks_position_from_one": f"{CHUNK} VALUES (1, 0, 'A', 'Text.')",
        "ck_chunks_heading_not_empty": f"{CHUNK} VALUES (1, 2, ' ', 'Text.')",
        "ck_chunks_body_not_empty": rf"{CHUNK} VALUES (1, 2, 'A', E' \t\n')",
    }.items(),
)
def test_every_rule_refuses_by_its_name(filled, rule, statement):
    with pytest.raises(sa.exc.IntegrityError, match=rule):
        filled.run(statement)


def test_a_hidden_document_keeps_its_chunks_and_a_deleted_one_takes_them_along(filled):
    filled.run("UPDATE documents SET deleted_at = now() WHERE file = 'a.md'")
    assert filled.run("SELECT count(*) FROM chunks WHERE document_id = 1") == [(1,)]
    filled.run("DELETE FROM documents WHERE file = 'a.md'")
    assert filled.run("SELECT document_id FROM chunks") == [(2,)]
    assert filled.run("SELECT count(*) FROM document_products") == [(0,)]


def test_a_hidden_document_keeps_its_name_and_comes_back(filled):
    filled.run("UPDATE documents SET deleted_at = now() WHERE file = 'a.md'")
    with pytest.raises(sa.exc.IntegrityError, match="uq_documents_file"):
        filled.run(f"{DOCUMENT} VALUES ('a.md', 'A', 'manual', 'New text.')")
    filled.run("UPDATE documents SET deleted_at = NULL WHERE file = 'a.md'")
    assert filled.run("SELECT count(*) FROM documents WHERE deleted_at IS NULL") == [(2,)]


def test_what_took_the_place_of_another_cannot_be_deleted(filled):
    filled.run("UPDATE documents SET superseded_by_id = 2 WHERE id = 1")
    with pytest.raises(sa.exc.IntegrityError, match="fk_documents_superseded_by_id_documents"):
        filled.run("DELETE FROM documents WHERE id = 2")


def test_the_models_read_it(filled, connection):
    from sqlalchemy.orm import Session

    from shop.models import Document

    with Session(connection) as session:
        document = session.scalars(sa.select(Document).where(Document.file == "a.md")).one()
        assert ([chunk.body for chunk in document.chunks], len(document.products)) == (["Text."], 1)
        session.delete(document)
        session.flush()
        assert session.scalars(sa.text("SELECT document_id FROM chunks")).all() == [2]


def test_downgrade_leaves_no_trace_even_with_rows(filled):
    filled.run("UPDATE documents SET deleted_at = now()")
    filled.down()
    assert filled.leaves_no_trace()
