"""Create the loyalty cards

Revision ID: draft_loyalty_cards
Revises: {head}
"""

import sqlalchemy as sa
from alembic import op

revision = "draft_loyalty_cards"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "loyalty_cards",
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("level", sa.Enum("bronze", "silver", "gold", name="loyalty_level"), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def downgrade() -> None:
    op.drop_table("loyalty_cards")
