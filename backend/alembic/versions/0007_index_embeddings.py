"""Index the embeddings

Revision ID: 0007_index_embeddings
Revises: 0006_embed_catalog

Without an index the nearest vectors are found by looking at all of them: exact, and slower with every row. HNSW is a
graph of neighbours that is walked from the coarse to the fine: it looks at some hundred rows however many there are,
and may miss one of the nearest. It is built after the data, and CONCURRENTLY, so that the shop goes on selling.

Nothing is lost by the downgrade but speed.
"""

from __future__ import annotations

from alembic import op

revision: str = "0007_index_embeddings"
down_revision: str | None = "0006_embed_catalog"
branch_labels: str | None = None
depends_on: str | None = None

# The defaults of pgvector, written down: a later version may have others, and this revision must not.
# m: neighbours that a row keeps; ef_construction: candidates that are looked at to find them.
HNSW = {"m": 16, "ef_construction": 64}


def upgrade() -> None:
    op.build_index(
        "ix_product_passages_embedding", "product_passages", "embedding vector_cosine_ops", using="hnsw", options=HNSW
    )
    op.build_index(
        "ix_review_embeddings_embedding", "review_embeddings", "embedding vector_cosine_ops", using="hnsw", options=HNSW
    )


def downgrade() -> None:
    op.drop_built_index("ix_review_embeddings_embedding")
    op.drop_built_index("ix_product_passages_embedding")
