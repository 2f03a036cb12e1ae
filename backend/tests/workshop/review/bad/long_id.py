# expect: R507
# ruff: noqa
"""Add a nickname"""

import sqlalchemy as sa
from alembic import op

revision = "0042_add_a_nickname_to_the_users_table"  # <- R507
down_revision = "0041"


def upgrade():
    op.add_column("users", sa.Column("nickname", sa.Text))


def downgrade():
    op.drop_column("users", "nickname")
