# expect: R403
# ruff: noqa
"""Index the reviews by their author"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_index("ix_reviews_author", "reviews", ["author"], postgresql_concurrently=True)  # <- R403


def downgrade():
    op.drop_index("ix_reviews_author", table_name="reviews")
