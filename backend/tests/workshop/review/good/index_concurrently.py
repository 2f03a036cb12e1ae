"""Index reviews by product and day

Revision ID: bf7c64
Revises: ae6b53
"""

from alembic import op

revision = "bf7c64"
down_revision = "ae6b53"


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index(
            "ix_reviews_product_id_reviewed_on",
            "reviews",
            ["product_id", "reviewed_on"],
            postgresql_concurrently=True,
        )


def downgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_reviews_product_id_reviewed_on")
