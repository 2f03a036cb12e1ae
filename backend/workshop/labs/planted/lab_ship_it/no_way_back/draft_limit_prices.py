"""Refuse prices of a million

Revision ID: draft_limit_prices
Revises: {head}

A later revision validates the rule for the rows that are there.
"""

from alembic import op

revision: str = "draft_limit_prices"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_check_constraint("price_below_a_million", "products", "price < 1000000", postgresql_not_valid=True)


def downgrade() -> None:
    op.execute("ALTER TABLE products DROP CONSTRAINT price_below_a_million")
