# expect: R602
# ruff: noqa
"""Add the currency"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    inspector = sa.inspect(op.get_bind())
    columns = [column["name"] for column in inspector.get_columns("prices")]
    if "currency" in columns:
        return
    op.add_column("prices", sa.Column("currency", sa.CHAR(3)))  # <- R602


def downgrade():
    op.drop_column("prices", "currency")
