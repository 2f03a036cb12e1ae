"""Create orders with their state

Revision ID: 9e5a42
Revises: 8d4f31

The type is made by hand and dropped by hand, because drop_table leaves it behind.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "9e5a42"
down_revision = "8d4f31"

order_state = postgresql.ENUM("open", "paid", "sent", name="order_state", create_type=False)


def upgrade():
    order_state.create(op.get_bind())
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, sa.Identity(), primary_key=True),
        sa.Column("user_id", sa.Uuid, sa.ForeignKey("users.id", name="fk_orders_user_id_users"), nullable=False),
        sa.Column("state", order_state, server_default="open", nullable=False),
    )
    op.create_index("ix_orders_user_id", "orders", ["user_id"])


def downgrade():
    op.drop_table("orders")
    order_state.drop(op.get_bind())
