"""Index the review embeddings

Revision ID: c08d75
Revises: bf7c64
"""

from alembic import op

revision = "c08d75"
down_revision = "bf7c64"


def upgrade():
    op.build_index("ix_review_embeddings_embedding", "review_embeddings", "embedding vector_cosine_ops", using="hnsw")


def downgrade():
    op.drop_index("ix_review_embeddings_embedding")
