# expect: R106
# ruff: noqa
"""Take the markup out of the descriptions"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("UPDATE products SET description = regexp_replace(description, '<[^>]+>', '', 'g')")


def downgrade():
    raise NotImplementedError("The markup of the descriptions cannot be put back.")  # <- R106
