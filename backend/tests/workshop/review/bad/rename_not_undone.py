# expect: R103
# ruff: noqa
"""Call the reviews' text what it is"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("ALTER TABLE reviews RENAME COLUMN text TO body")  # <- R103
    op.execute("ALTER TABLE reviews RENAME COLUMN stars TO rating")


def downgrade():
    op.execute("ALTER TABLE reviews RENAME COLUMN rating TO stars")
