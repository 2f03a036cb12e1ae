# expect: R101
# ruff: noqa
"""Turn the categories into small letters"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("UPDATE products SET category = lower(category)")


def downgrade():  # <- R101
    """Nothing to do."""
