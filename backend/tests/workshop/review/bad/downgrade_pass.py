# expect: R101
# ruff: noqa
"""Add a table of wishes

Revision ID: a1
Revises: a0
"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_table("wishes", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():  # <- R101
    pass
