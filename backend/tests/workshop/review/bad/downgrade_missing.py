# expect: R101
# ruff: noqa
"""Add a table of wishes"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():  # <- R101
    op.create_table("wishes", sa.Column("id", sa.Integer, primary_key=True))
