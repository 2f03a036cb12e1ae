"""Add last_login column to users table

Revision ID: {+1}_add_last_login_column_to
Revises: {head}

Null means that the shopper has not logged in since the column exists. Adding a column that may be null rewrites no
row and waits for no reader, so it can run while the shop is open. The downgrade loses the moments that were recorded.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "{+1}_add_last_login_column_to"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("last_login", sa.DateTime(timezone=True), comment="When the shopper was last here; null for never"),
    )


def downgrade() -> None:
    op.drop_column("users", "last_login")
