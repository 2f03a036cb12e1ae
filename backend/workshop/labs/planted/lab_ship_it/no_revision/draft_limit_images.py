"""Refuse more than a hundred pictures of a product

Revision ID: draft_limit_images
Revises: {head}

A later revision validates the rule for the rows that are there.
"""

from alembic import op

revision: str = "draft_limit_images"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_check_constraint("position_up_to_100", "product_images", "position <= 100", postgresql_not_valid=True)


def downgrade() -> None:
    op.drop_constraint("position_up_to_100", "product_images", type_="check")
