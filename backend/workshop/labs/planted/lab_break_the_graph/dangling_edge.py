"""Withdraw the reviews of the old shop

Revision ID: draft_withdraw_reviews
Revises: {head}

One-way: the rows cannot be brought back.
"""

from alembic import op

revision = "draft_withdraw_reviews"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DELETE FROM reviews WHERE reviewed_on < '2023-01-01'")
    op.execute("""
        DELETE FROM shop_graph."Review" WHERE properties::text::jsonb ->> 'reviewed_on' < '2023-01-01'
    """)


def downgrade() -> None:
    raise NotImplementedError("The reviews are gone: restore them from a backup.")
