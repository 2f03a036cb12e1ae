# expect: R504
# ruff: noqa
"""Clean up"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("DROP TABLE old_orders")  # <- R504


def downgrade():
    op.execute("CREATE TABLE old_orders (id integer, placed_on date)")
