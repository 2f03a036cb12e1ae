"""Add the loyalty points, for real

Revision ID: draft_add_points
Revises: draft_loyalty_points

draft_loyalty_points was stamped on databases that hold users without adding the column: it swallowed the error.
It stays as it is, since it was applied; this revision does what it promised.
"""

import sqlalchemy as sa
from alembic import op

revision = "draft_add_points"
down_revision = "draft_loyalty_points"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("loyalty_points", sa.Integer, server_default=sa.text("0"), nullable=False))


def downgrade() -> None:
    op.drop_column("users", "loyalty_points")
