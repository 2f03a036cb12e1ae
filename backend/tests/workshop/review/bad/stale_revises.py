# expect: R501 line 6
# ruff: noqa
"""Add a nickname

Revision ID: a1
Revises: 9f

Rebased twice.
"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.add_column("users", sa.Column("nickname", sa.Text))


def downgrade():
    op.drop_column("users", "nickname")
