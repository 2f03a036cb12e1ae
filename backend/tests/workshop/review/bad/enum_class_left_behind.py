# expect: R105
# ruff: noqa
"""Create the shelves"""

import enum

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


class ShelfSize(enum.Enum):
    small = 1
    large = 2


def upgrade():
    op.create_table(
        "shelves",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("size", sa.Enum(ShelfSize)),  # <- R105
    )


def downgrade():
    op.drop_table("shelves")
