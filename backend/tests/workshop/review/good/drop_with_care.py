"""Drop products.legacy_code

Revision ID: 6a271f
Revises: 59160e

The codes are lost; no released code has read them since 0009. The downgrade brings back the column, empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "6a271f"
down_revision = "59160e"


def upgrade():
    op.drop_index("ix_products_legacy_code", table_name="products")
    op.drop_column("products", "legacy_code")


def downgrade():
    op.add_column("products", sa.Column("legacy_code", sa.String(20)))
    op.create_index("ix_products_legacy_code", "products", ["legacy_code"])
