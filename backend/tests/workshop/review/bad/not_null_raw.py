# expect: R404
# ruff: noqa
"""Every product has a slug"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        ALTER TABLE products -- # <- R404
            ADD COLUMN slug text NOT NULL
    """)


def downgrade():
    op.execute("ALTER TABLE products DROP COLUMN slug")
