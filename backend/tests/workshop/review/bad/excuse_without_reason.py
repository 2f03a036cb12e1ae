# expect: R901
# ruff: noqa
"""Note the origin of the vouchers"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.add_column("vouchers", sa.Column("origin", sa.Text))  # review: allow R402  # <- R901


def downgrade():
    op.drop_column("vouchers", "origin")
