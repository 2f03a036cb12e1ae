# expect: R303
# ruff: noqa
"""Seed the settings"""

import json

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "a1"
down_revision = "a0"
settings = sa.table("settings", sa.column("name", sa.Text), sa.column("value", JSONB))


def upgrade():
    op.bulk_insert(  # <- R303
        settings, [{"name": "colours", "value": json.dumps({"paper": "#f4f1ea"})}]
    )


def downgrade():
    op.execute(settings.delete().where(settings.c.name == "colours"))
