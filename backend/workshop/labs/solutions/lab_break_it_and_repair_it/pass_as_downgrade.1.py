"""Create the gift cards

Revision ID: draft_gift_cards
Revises: {head}
"""

import sqlalchemy as sa
from alembic import op

revision = "draft_gift_cards"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "gift_cards",
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("euro", sa.Numeric(8, 2), nullable=False),
        sa.PrimaryKeyConstraint("code"),
    )


def downgrade() -> None:
    op.drop_table("gift_cards")
