# expect: R302
# ruff: noqa
"""A role that may read"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("CREATE ROLE reporting LOGIN PASSWORD 'not-a-real-one-42'")  # <- R302


def downgrade():
    op.execute("DROP ROLE reporting")
