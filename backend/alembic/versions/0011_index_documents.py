"""Index the documents

Revision ID: 0011_index_documents
Revises: 0010_embed_documents

IVFFlat divides the vectors into lists, each around a centre, and a search looks only into the lists whose centres are
nearest to the question. The centres are learned from the rows that are there when the index is built. On an empty
table there is nothing to learn from: the index is valid, is used, and misses most of what it should find. So it is
built after the data, in a revision of its own, and CONCURRENTLY.

226 rows make 15 lists, about the square root of the rows. When the table has grown many times over, the lists are too
few and their centres stale; a later revision builds another index then. The downgrade loses nothing but speed.
"""

from __future__ import annotations

from alembic import op

revision: str = "0011_index_documents"
down_revision: str | None = "0010_embed_documents"
branch_labels: str | None = None
depends_on: str | None = None

LISTS = 15


def upgrade() -> None:
    op.build_index(
        "ix_chunk_embeddings_embedding",
        "chunk_embeddings",
        "embedding vector_cosine_ops",
        using="ivfflat",
        options={"lists": LISTS},
    )


def downgrade() -> None:
    op.drop_built_index("ix_chunk_embeddings_embedding")
