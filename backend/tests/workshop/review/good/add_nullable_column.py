"""Add products.weight_grams

Revision ID: 5a1c0e
Revises: 48bd10

Nullable for now: the next revision fills it in batches, the one after sets it NOT NULL.
"""

import sqlalchemy as sa
from alembic import op

revision = "5a1c0e"
down_revision = "48bd10"


def upgrade():
    op.add_column("products", sa.Column("weight_grams", sa.Integer(), nullable=True))


def downgrade():
    op.drop_column("products", "weight_grams")
