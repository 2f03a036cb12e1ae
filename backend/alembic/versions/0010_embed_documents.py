"""Embed the documents

Revision ID: 0010_embed_documents
Revises: 0009_seed_documents

A vector for every chunk of every document, hidden and superseded ones too: a document may be shown again, and whether
it is in force is asked when somebody searches. A chunk is read in two parts, the title with the heading and the text
below it, so its vector has two halves of 384 numbers, brought to length 1 as a whole. A question has no title; its
vector stands in both halves, and the product of the two is the mean of both likenesses.

The vectors live in a table of their own, so that a chunk may be inserted without one. Whoever deletes a chunk deletes
its vector. The downgrade drops the table; the vectors can be computed again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision: str = "0010_embed_documents"
down_revision: str | None = "0009_seed_documents"
branch_labels: str | None = None
depends_on: str | None = None

DIMENSIONS = 2 * 384

CHUNKS = r"""
    SELECT c.id AS chunk_id, format('%s: %s', d.title, c.heading) AS heading, c.body,
           md5(concat_ws(E'\n', d.title, c.heading, c.body)) AS text_md5
    FROM chunks c JOIN documents d ON d.id = c.document_id
"""


def upgrade() -> None:
    op.create_table(
        "chunk_embeddings",
        sa.Column("chunk_id", sa.Integer, nullable=False),
        sa.Column("text_md5", sa.String(32), nullable=False, comment="Of what the model read: title, heading and body"),
        sa.Column("embedding", Vector(DIMENSIONS), nullable=False,
                  comment="Title with heading, then body; unit length; compare by cosine, <=>, with a question twice"),
        sa.Column("provider", sa.String(20), nullable=False, comment="Where the model ran: local or azure"),
        sa.Column("model", sa.String(80), nullable=False, comment="Vectors of two models cannot be compared"),
        sa.Column("dimension", sa.SmallInteger, nullable=False, comment="How many numbers the vector has"),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
        sa.PrimaryKeyConstraint("chunk_id", name="pk_chunk_embeddings"),
        sa.ForeignKeyConstraint(
            ["chunk_id"], ["chunks.id"], name="fk_chunk_embeddings_chunk_id_chunks", ondelete="CASCADE"
        ),
        comment="A vector for each chunk of a document",
    )  # fmt: skip
    op.embed(
        "chunk_embeddings", key="chunk_id", source=CHUNKS, texts="heading body", keep="text_md5", dimensions=DIMENSIONS
    )


def downgrade() -> None:
    op.drop_table("chunk_embeddings")
