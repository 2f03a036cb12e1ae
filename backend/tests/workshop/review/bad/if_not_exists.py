# expect: R602
# ruff: noqa
"""Create the wishes"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("CREATE TABLE IF NOT EXISTS wishes (id integer, text text)")  # <- R602


def downgrade():
    op.execute("DROP TABLE wishes")
