# expect: R103
# ruff: noqa
"""Prefer the longer index"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.build_index("ix_reviews_product_day", "reviews", "product_id, reviewed_on")
    op.drop_index("ix_reviews_product", table_name="reviews")  # <- R103


def downgrade():
    op.drop_index("ix_reviews_product_day", table_name="reviews")
