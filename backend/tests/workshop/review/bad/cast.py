# expect: R306
# ruff: noqa
"""Remember the origin of the prices"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.get_bind().execute(
        sa.text("UPDATE prices SET origin = :origin::jsonb"),  # <- R306
        {"origin": '{"file": "prices.csv"}'},
    )


def downgrade():
    op.execute("UPDATE prices SET origin = NULL")
