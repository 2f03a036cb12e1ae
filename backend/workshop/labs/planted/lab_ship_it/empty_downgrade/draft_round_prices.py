"""End every price of a variant on 90 cents

Revision ID: draft_round_prices
Revises: {head}

The shop's prices look alike from now on.
"""

from alembic import op

revision: str = "draft_round_prices"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute("UPDATE variants SET price = floor(price) + 0.90")


def downgrade() -> None:
    pass
