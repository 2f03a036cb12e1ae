# expect: R301
# ruff: noqa
"""Name the owner of the shop"""

import getpass

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    owner = getpass.getuser()
    statement = "UPDATE settings SET owner = '%s'" % owner  # <- R301
    op.execute(statement)


def downgrade():
    op.execute("UPDATE settings SET owner = NULL")
