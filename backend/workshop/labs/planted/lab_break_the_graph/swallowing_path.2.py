"""Create the price alerts

Revision ID: draft_price_alerts
Revises: draft_easy_cypher
"""

import sqlalchemy as sa
from alembic import op

revision = "draft_price_alerts"
down_revision = "draft_easy_cypher"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "price_alerts",
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id", ondelete="CASCADE"), nullable=False),
        sa.Column("below", sa.Numeric(10, 2), nullable=False),
        sa.PrimaryKeyConstraint("product_id", "below"),
        comment="At which price a shopper wants to hear of a product",
    )


def downgrade() -> None:
    op.drop_table("price_alerts")
