"""Fill products.weight_grams from the specifications

Revision ID: 6b2d1f
Revises: 5a1c0e

Ten thousand rows at a time, so that no lock is held for long. The downgrade empties the column again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "6b2d1f"
down_revision: str | None = "5a1c0e"
branch_labels = None
depends_on = None

BATCH = 10_000


def upgrade() -> None:
    connection = op.get_bind()
    highest = connection.execute(sa.text("SELECT coalesce(max(id), 0) FROM products")).scalar_one()
    statement = sa.text("""
        UPDATE products
        SET weight_grams = substring(specifications ->> 'Weight' FROM '\\d+')::integer
        WHERE id BETWEEN :first AND :last AND weight_grams IS NULL
    """)
    for first in range(1, highest + 1, BATCH):
        connection.execute(statement, {"first": first, "last": first + BATCH - 1})


def downgrade() -> None:
    op.execute("UPDATE products SET weight_grams = NULL WHERE weight_grams IS NOT NULL")
