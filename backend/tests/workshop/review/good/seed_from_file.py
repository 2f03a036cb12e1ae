"""Seed the postcodes

Revision ID: 4805fd
Revises: 37f4ec

The file lies beside the revision and is part of it.
"""

import csv
import itertools
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "4805fd"
down_revision = "37f4ec"

postcodes = sa.table(
    "postcodes", sa.column("code", sa.Text), sa.column("town", sa.Text), sa.column("height", sa.Integer)
)


def number(text):
    try:
        return int(text)
    except ValueError:
        return None


def rows():
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {"code": row["code"], "town": row["town"], "height": number(row["height"])}


def upgrade():
    given = rows()
    while batch := list(itertools.islice(given, 1000)):
        op.bulk_insert(postcodes, batch)


def downgrade():
    op.execute(postcodes.delete())
