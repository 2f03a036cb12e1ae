"""Create the documents

Revision ID: 0008_create_documents
Revises: 0007_index_embeddings

Manuals, policies and guides, and the chunks that a search hands out instead of a whole document. A document is taken
out of the shop by a time in deleted_at and stays in the table: an answer that was given last week can still be shown
with its source. A document that is really deleted takes its chunks along.

The downgrade drops the tables with their rows, also the documents that were only hidden.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0008_create_documents"
down_revision: str | None = "0007_index_embeddings"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, sa.Identity(always=False), nullable=False),
        sa.Column("file", sa.Text, nullable=False, comment="Name of the Markdown file; by it a document is known"),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False, comment="manual, policy or guide"),
        sa.Column("effective_from", sa.Date, comment="First day on which it counts; null when it does not say"),
        sa.Column("superseded_by_id", sa.Integer, sa.ForeignKey("documents.id"), index=True,
                  comment="The document that took its place; null while it is in force"),
        sa.Column("body", sa.Text, nullable=False, comment="Markdown, as written, without the front matter"),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), comment="When the shop hid it; null while it is shown"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("file"),
        sa.CheckConstraint("kind IN ('manual', 'policy', 'guide')", name="kind_known"),
        sa.CheckConstraint("superseded_by_id <> id", name="superseded_by_another"),
        sa.CheckConstraint(r"title ~ '\S'", name="title_not_empty"),
        sa.CheckConstraint(r"body ~ '\S'", name="body_not_empty"),
        comment="Manuals, policies and guides; one row for each document",
    )  # fmt: skip
    op.create_table(
        "document_products",
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id"), nullable=False, index=True),
        sa.PrimaryKeyConstraint("document_id", "product_id"),
        comment="Which products a document is about; none: it is about the whole shop",
    )
    op.create_table(
        "chunks",
        sa.Column("id", sa.Integer, sa.Identity(always=False), nullable=False),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id", ondelete="CASCADE"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False, comment="Order within the document, from 1"),
        sa.Column("heading", sa.Text, nullable=False, comment="Path of the headings above it: Charging > Battery care"),
        sa.Column("body", sa.Text, nullable=False, comment="Markdown, without the heading"),
        sa.PrimaryKeyConstraint("id"),
        # It also is the index of the foreign key: it begins with document_id.
        sa.UniqueConstraint("document_id", "position"),
        sa.CheckConstraint("position >= 1", name="position_from_one"),
        sa.CheckConstraint(r"heading ~ '\S'", name="heading_not_empty"),
        sa.CheckConstraint(r"body ~ '\S'", name="body_not_empty"),
        comment="The pieces of the documents that a search hands out",
    )


def downgrade() -> None:
    op.drop_table("chunks")
    op.drop_table("document_products")
    op.drop_table("documents")
