# expect: R201
# ruff: noqa
"""Create the type of a mood"""

import contextlib

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    with contextlib.suppress(sa.exc.ProgrammingError):  # <- R201
        op.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")


def downgrade():
    op.execute("DROP TYPE mood")
