# expect: R104
# ruff: noqa
"""Seed the carriers"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"
carriers = sa.table("carriers", sa.column("code", sa.Text))


def upgrade():
    op.bulk_insert(carriers, [{"code": "POST"}, {"code": "BIKE"}])  # <- R104
    op.execute("UPDATE parcels SET carrier = 'POST' WHERE carrier IS NULL")


def downgrade():
    op.execute("UPDATE parcels SET carrier = NULL WHERE carrier = 'POST'")
