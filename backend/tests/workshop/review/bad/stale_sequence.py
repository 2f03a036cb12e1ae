# expect: R304
# ruff: noqa
"""Seed the dimensions"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"
dimensions = sa.table("dimensions", sa.column("id", sa.Integer), sa.column("name", sa.Text))


def upgrade():
    op.bulk_insert(dimensions, [{"id": 1, "name": "sound"}, {"id": 2, "name": "battery"}])  # <- R304


def downgrade():
    op.execute(dimensions.delete().where(dimensions.c.id.in_([1, 2])))
