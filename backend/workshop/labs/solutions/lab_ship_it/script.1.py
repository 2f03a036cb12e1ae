"""Give every product a price band

Revision ID: draft_price_bands
Revises: {head}

One statement that the server works out by itself, so that it can be written into a script as well as run. The downgrade
loses the bands, which can be computed again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "draft_price_bands"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("products", sa.Column("price_band", sa.Text, comment="low, middle or high"))
    op.execute("""
        UPDATE products
        SET price_band = CASE WHEN price < 50 THEN 'low' WHEN price < 200 THEN 'middle' ELSE 'high' END
    """)


def downgrade() -> None:
    op.drop_column("products", "price_band")
