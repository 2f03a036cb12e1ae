# expect: R102
# ruff: noqa
"""Find words without their accents"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("CREATE EXTENSION unaccent")  # <- R102
    op.execute("ALTER TABLE products ADD COLUMN plain_name text")


def downgrade():
    op.execute("ALTER TABLE products DROP COLUMN plain_name")
