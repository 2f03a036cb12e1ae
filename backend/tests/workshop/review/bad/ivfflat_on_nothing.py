# expect: R405
# ruff: noqa
"""Create the chunks"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("CREATE TABLE chunks (id integer GENERATED ALWAYS AS IDENTITY, embedding vector(768))")
    op.execute("CREATE INDEX ix_chunks ON chunks USING ivfflat (embedding vector_cosine_ops)")  # <- R405


def downgrade():
    op.execute("DROP TABLE chunks")
