"""What 0008_create_documents promises."""

from workshop.checks import Look
from workshop.checks.schema import commented_tables, indexed_foreign_keys, named_rules, typed_columns

CAUSE = "0008 was not applied as it stands in the repository, or somebody changed the schema by hand"
TABLES = ["documents", "document_products", "chunks"]
KEYS = ["fk_chunks_document_id_documents", "fk_document_products_document_id_documents",
        "fk_document_products_product_id_products", "fk_documents_superseded_by_id_documents"]  # fmt: skip


def tables(look: Look) -> None:
    """The three tables stand, each with a comment."""
    commented_tables(look, TABLES, CAUSE)


def columns(look: Look) -> None:
    """A document may be hidden, at a time that every time zone reads alike, and superseded; a chunk has a place."""
    wanted = [
        ("documents", "deleted_at", "timestamp with time zone", False),
        ("documents", "superseded_by_id", "integer", False),
        ("chunks", "position", "integer", True),
        ("chunks", "heading", "text", True),
    ]
    typed_columns(look, wanted, CAUSE)


def rules(look: Look) -> None:
    """Every CHECK and UNIQUE rule stands under the name that the convention gives it."""
    wanted = """
        ck_chunks_body_not_empty ck_chunks_heading_not_empty ck_chunks_position_from_one uq_chunks_document_id_position
        ck_documents_body_not_empty ck_documents_kind_known ck_documents_superseded_by_another
        ck_documents_title_not_empty uq_documents_file
    """
    named_rules(look, TABLES, wanted.split(), CAUSE)


def foreign_keys(look: Look) -> None:
    """The four foreign keys have an index that begins with their column."""
    indexed_foreign_keys(look, KEYS, CAUSE)


def cascade(look: Look) -> None:
    """A document that is deleted takes its chunks and its products' links along; a product cannot go from under it."""
    found = look.rows(
        """
        SELECT conname::text, CASE confdeltype WHEN 'c' THEN 'takes them along' WHEN 'a' THEN 'refuses' ELSE 'other' END
        FROM pg_constraint WHERE contype = 'f' AND conname = ANY(:names) AND conrelid = ANY(:tables ::regclass[])
        """,
        names=KEYS,
        tables=TABLES,
    )
    wanted = zip(KEYS, ["takes them along", "takes them along", "refuses", "refuses"], strict=True)
    look.same("deletion", map(tuple, found), wanted, CAUSE)
