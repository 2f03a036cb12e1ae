"""Add pickup_note to users

Revision ID: draft_add_pickup_note
Revises: {head}

The downgrade loses the notes that were written.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "draft_add_pickup_note"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("pickup_note", sa.Text, comment="What the courier should know"))


def downgrade() -> None:
    op.drop_column("users", "pickup_note")
