"""Give every product a price band

Revision ID: draft_price_bands
Revises: {head}

The downgrade loses the bands, which can be computed again.
"""

from decimal import Decimal

import sqlalchemy as sa
from alembic import op

revision: str = "draft_price_bands"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("products", sa.Column("price_band", sa.Text, comment="low, middle or high"))
    shop = op.get_bind()
    products = shop.execute(sa.text("SELECT id, price FROM products ORDER BY id")).all()
    shop.execute(
        sa.text("UPDATE products SET price_band = :band WHERE id = :id"),
        [{"id": id, "band": band(price)} for id, price in products],
    )


def band(price: Decimal) -> str:
    return "low" if price < 50 else "middle" if price < 200 else "high"


def downgrade() -> None:
    op.drop_column("products", "price_band")
