# expect: R401
# ruff: noqa
"""A day for each review"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("ALTER TABLE reviews ADD COLUMN day date")
    op.execute("UPDATE reviews SET day = created_at::date")
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_reviews_day ON reviews (day)")  # <- R401


def downgrade():
    op.execute("ALTER TABLE reviews DROP COLUMN day")
