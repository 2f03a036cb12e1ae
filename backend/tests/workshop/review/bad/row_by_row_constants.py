# expect: R202
# ruff: noqa
"""Seed the features"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"
features = sa.table("features", sa.column("name", sa.Text))
NAMES = ["battery", "sound", "comfort", "weight"]


def upgrade():
    for name in NAMES:
        op.execute(features.insert().values(name=name))  # <- R202


def downgrade():
    op.execute(features.delete().where(features.c.name.in_(NAMES)))
