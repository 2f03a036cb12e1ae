# expect: R402
# ruff: noqa
"""Index the reviews by their author"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_index(op.f("ix_reviews_author"), "reviews", ["author"], unique=False)  # <- R402


def downgrade():
    op.drop_index(op.f("ix_reviews_author"), table_name="reviews")
