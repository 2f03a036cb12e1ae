"""Add the shipping weight of each variant

Revision ID: add_shipping_weight
Revises: {head}

The variants that are there get 500 grams, a guess that the warehouse corrects; then the column takes no null.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "add_shipping_weight"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("variants", sa.Column("grams", sa.Integer, comment="What the parcel weighs"))
    op.execute("UPDATE variants SET grams = 500")
    op.alter_column("variants", "grams", nullable=False)


def downgrade() -> None:
    op.drop_column("variants", "grams")
