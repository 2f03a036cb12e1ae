"""Index product_id of reviews by hash

Revision ID: {+1}_hash_product_id
Revises: {head}

The new index is built beside the old one while others write, then takes its name. An interruption leaves an index
called ix_reviews_product_id_new behind: drop it, and run the revision again.
"""

from __future__ import annotations

from alembic import op

revision: str = "{+1}_hash_product_id"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None

OLD, NEW = "ix_reviews_product_id", "ix_reviews_product_id_new"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(NEW, "reviews", ["product_id"], postgresql_using="hash", postgresql_concurrently=True)
        op.drop_index(OLD, "reviews", postgresql_concurrently=True)
        op.execute("ALTER INDEX ix_reviews_product_id_new RENAME TO ix_reviews_product_id")


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index(NEW, "reviews", ["product_id"], postgresql_concurrently=True)
        op.drop_index(OLD, "reviews", postgresql_concurrently=True)
        op.execute("ALTER INDEX ix_reviews_product_id_new RENAME TO ix_reviews_product_id")
