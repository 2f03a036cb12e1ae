# expect: R105
# ruff: noqa
"""Add the channel of a review"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a1"
down_revision = "a0"
channel = postgresql.ENUM("web", "shop", name="review_channel")


def upgrade():
    op.add_column("reviews", sa.Column("channel", channel))  # <- R105


def downgrade():
    op.drop_column("reviews", "channel")
