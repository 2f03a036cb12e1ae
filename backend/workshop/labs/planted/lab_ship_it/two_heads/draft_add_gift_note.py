"""Add gift_note to products

Revision ID: draft_add_gift_note
Revises: {head}

The downgrade loses the notes that were written.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "draft_add_gift_note"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("products", sa.Column("gift_note", sa.Text, comment="What stands on the card"))


def downgrade() -> None:
    op.drop_column("products", "gift_note")
