# expect: R504
# ruff: noqa
"""Drop the old notes"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.drop_column("users", "notes")  # <- R504


def downgrade():
    op.add_column("users", sa.Column("notes", sa.Text()))
