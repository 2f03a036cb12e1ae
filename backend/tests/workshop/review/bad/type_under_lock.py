# expect: R406
# ruff: noqa
"""Larger keys for the reviews"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("ALTER TABLE reviews ALTER COLUMN id TYPE bigint")  # <- R406


def downgrade():
    op.execute("ALTER TABLE reviews ALTER COLUMN id TYPE integer")
