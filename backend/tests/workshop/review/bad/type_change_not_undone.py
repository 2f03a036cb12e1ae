# expect: R103
# ruff: noqa
"""Longer names for brands"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.add_column("products", sa.Column("maker", sa.String(60)))
    op.alter_column("products", "brand", type_=sa.String(120), existing_type=sa.String(60))  # <- R103


def downgrade():
    op.drop_column("products", "maker")
