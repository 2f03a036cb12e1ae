# expect: R102
# ruff: noqa
"""Create baskets with their lines"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_table("baskets", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table(  # <- R102
        "basket_lines",
        sa.Column("basket_id", sa.Integer, sa.ForeignKey("baskets.id")),
    )


def downgrade():
    op.drop_table("baskets")
