"""Add last_login to users

Revision ID: draft_add_last_login
Revises: {head}

The downgrade loses the moments that were recorded.
"""

import sqlalchemy as sa
from alembic import op

revision: str = "draft_add_last_login"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None

COMMENT = "When the shopper was last here; null for never"


def upgrade() -> None:
    op.add_column("users", sa.Column("last_login", sa.DateTime(timezone=True), comment=COMMENT))


def downgrade() -> None:
    op.drop_column("users", "last_login")
