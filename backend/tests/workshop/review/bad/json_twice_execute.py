# expect: R303
# ruff: noqa
"""Seed the settings from the file"""

import json
from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "a1"
down_revision = "a0"


def upgrade():
    settings = sa.table("settings", sa.Column("name", sa.Text), sa.Column("value", postgresql.JSONB()))
    given = json.loads(Path(__file__).with_suffix(".json").read_text())
    rows = [{"name": name, "value": json.dumps(value)} for name, value in given.items()]
    op.get_bind().execute(sa.insert(settings), rows)  # <- R303


def downgrade():
    op.execute("DELETE FROM settings")
