"""Index the reviews in half precision

Revision ID: {+1}_halve_review_index
Revises: {head}

The vectors stay as they are; the index keeps each number in 16 bits instead of 32 and takes little more than half the
room. A query uses it only when it compares in the same words: embedding::halfvec(384) <=> ... Release the program that
asks so first; until this revision has run, it is answered without an index, exactly and slowly.

The new index is built beside the old one, then takes its name. A run that was broken off can simply be repeated.
"""

from __future__ import annotations

from alembic import op

revision: str = "{+1}_halve_review_index"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None

HNSW = {"m": 16, "ef_construction": 64}


def upgrade() -> None:
    swap("(embedding::halfvec(384)) halfvec_cosine_ops")


def downgrade() -> None:
    swap("embedding vector_cosine_ops")


def swap(on: str) -> None:
    op.build_index("ix_review_embeddings_embedding_new", "review_embeddings", on, using="hnsw", options=HNSW)
    op.drop_built_index("ix_review_embeddings_embedding")
    op.execute("ALTER INDEX ix_review_embeddings_embedding_new RENAME TO ix_review_embeddings_embedding")
