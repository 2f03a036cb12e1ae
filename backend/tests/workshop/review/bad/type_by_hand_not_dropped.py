# expect: R102
# ruff: noqa
"""Create returns with a reason"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ENUM

revision = "a1"
down_revision = "a0"

reason = ENUM("broken", "late", name="return_reason", create_type=False)


def upgrade():
    reason.create(op.get_bind())  # <- R102
    op.create_table("returns", sa.Column("id", sa.Integer, primary_key=True), sa.Column("reason", reason))


def downgrade():
    op.drop_table("returns")
