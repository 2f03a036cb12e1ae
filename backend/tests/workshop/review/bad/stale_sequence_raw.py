# expect: R304
# ruff: noqa
"""Seed the dimensions"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        INSERT INTO dimensions (id, name) VALUES -- # <- R304
            (1, 'sound'),
            (2, 'battery; how long it lasts')
    """)


def downgrade():
    op.execute("DELETE FROM dimensions WHERE id IN (1, 2)")
