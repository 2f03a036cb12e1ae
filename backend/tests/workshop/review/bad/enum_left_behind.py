# expect: R105
# ruff: noqa
"""Create tickets"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_table(
        "tickets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Enum("open", "closed", name="ticket_state"), nullable=False),  # <- R105
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade():
    op.drop_table("tickets")
