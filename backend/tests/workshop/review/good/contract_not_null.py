"""Require products.weight_grams

Revision ID: 8d4f31
Revises: 7c3e20

Contract: the two revisions before added the column and filled it.
"""

import sqlalchemy as sa
from alembic import op

revision = "8d4f31"
down_revision = "7c3e20"


def upgrade():
    op.alter_column("products", "weight_grams", existing_type=sa.Integer(), nullable=False)


def downgrade():
    op.alter_column("products", "weight_grams", existing_type=sa.Integer(), nullable=True)
