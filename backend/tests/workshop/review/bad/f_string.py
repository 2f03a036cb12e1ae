# expect: R301
# ruff: noqa
"""Archive the reviews of one year"""

import os

from alembic import op

revision = "a1"
down_revision = "a0"
YEAR = os.environ["ARCHIVE_YEAR"]


def upgrade():
    op.execute(f"UPDATE reviews SET archived = true WHERE reviewed_on < '{YEAR}-01-01'")  # <- R301


def downgrade():
    op.execute("UPDATE reviews SET archived = false")
