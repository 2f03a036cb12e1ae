# expect: R403
# ruff: noqa
"""Index the reviews by their author"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_reviews_author ON reviews (author)")


def downgrade():
    op.execute("DROP INDEX CONCURRENTLY ix_reviews_author")  # <- R403
