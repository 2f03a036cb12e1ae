# expect: R602
# ruff: noqa
"""Create the wishes"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_table("wishes", sa.Column("id", sa.Integer, primary_key=True))


def downgrade():
    op.drop_table("wishes", if_exists=True)  # <- R602
