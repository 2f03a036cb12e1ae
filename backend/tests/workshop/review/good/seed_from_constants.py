"""Seed the quality dimensions

Revision ID: 37f4ec
Revises: 26e3db
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "37f4ec"
down_revision = "26e3db"

dimensions = sa.table("dimensions", sa.column("id", sa.Integer), sa.column("name", sa.Text), sa.column("scale", JSONB))
NAMES = ["sound", "battery", "comfort", "display", "durability", "value", "ease of use"]
ROWS = [{"id": number, "name": name, "scale": {"from": 0, "to": 5}} for number, name in enumerate(NAMES, 1)]


def upgrade():
    op.bulk_insert(dimensions, ROWS)
    op.execute("SELECT setval(pg_get_serial_sequence('dimensions', 'id'), max(id)) FROM dimensions")


def downgrade():
    op.execute(dimensions.delete().where(dimensions.c.name.in_(NAMES)))
