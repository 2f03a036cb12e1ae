# expect: R204
# ruff: noqa
"""Seed the wishes"""

from alembic import op

from ..seeds import wishes  # <- R204

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute(wishes.SQL)


def downgrade():
    op.execute("DELETE FROM wishes")
