# expect: R602
# ruff: noqa
"""Create the wishes"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    if not sa.inspect(op.get_bind()).has_table("wishes"):
        op.create_table("wishes", sa.Column("id", sa.Integer, primary_key=True))  # <- R602


def downgrade():
    op.drop_table("wishes")
