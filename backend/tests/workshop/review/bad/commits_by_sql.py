# expect: R205
# ruff: noqa
"""A new value of the state"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("COMMIT")  # <- R205
    op.execute("ALTER TYPE order_state ADD VALUE 'returned'")


def downgrade():
    op.execute("UPDATE orders SET state = 'sent' WHERE state = 'returned'")
