# expect: R503
# ruff: noqa
"""Add coupons and the log of the server"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_table("coupons", sa.Column("code", sa.Text, primary_key=True))
    op.create_table(  # <- R503
        "server_log",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("line", sa.Text),
    )


def downgrade():
    op.drop_table("server_log")
    op.drop_table("coupons")
