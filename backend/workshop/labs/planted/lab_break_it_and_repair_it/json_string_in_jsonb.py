"""Add the warranty

Revision ID: draft_add_warranty
Revises: {head}
"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "draft_add_warranty"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("warranty", postgresql.JSONB))
    products = sa.table("products", sa.column("price"), sa.column("warranty", postgresql.JSONB))
    op.execute(products.update().values(warranty=json.dumps({"years": 2, "by": "shop"})))
    dear = products.update().where(products.c.price >= 200)
    op.execute(dear.values(warranty=json.dumps({"years": 3, "by": "maker"})))


def downgrade() -> None:
    op.drop_column("products", "warranty")
