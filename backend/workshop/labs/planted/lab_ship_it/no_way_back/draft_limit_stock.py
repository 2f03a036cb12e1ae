"""Refuse a stock of a million

Revision ID: draft_limit_stock
Revises: draft_limit_prices

A later revision validates the rule for the rows that are there.
"""

from alembic import op

revision: str = "draft_limit_stock"
down_revision: str | None = "draft_limit_prices"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_check_constraint("stock_below_a_million", "variants", "stock < 1000000", postgresql_not_valid=True)


def downgrade() -> None:
    op.drop_constraint("stock_below_a_million", "variants", type_="check")
