# expect: R402
# ruff: noqa
"""Index the embeddings"""

from alembic import op

revision = "a1"
down_revision = "a0"

INDEX = """
    CREATE INDEX ix_reviews_embedding ON reviews -- # <- R402
    USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 64)
"""


def upgrade():
    op.execute(INDEX)


def downgrade():
    op.execute("DROP INDEX ix_reviews_embedding")
