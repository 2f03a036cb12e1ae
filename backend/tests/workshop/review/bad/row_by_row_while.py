# expect: R202
# ruff: noqa
"""Copy the notes of the old shop"""

import csv
from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"
notes = sa.table("notes", sa.column("text", sa.Text))


def upgrade():
    reader = csv.DictReader(Path(__file__).with_name("notes.csv").open())
    while row := next(reader, None):
        op.bulk_insert(notes, [{"text": row["text"]}])  # <- R202


def downgrade():
    op.execute(notes.delete())
