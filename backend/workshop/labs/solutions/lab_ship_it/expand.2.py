"""Fill pieces of variants

Revision ID: {+2}_fill_pieces
Revises: {+1}_add_pieces

Backfill, in batches: each is a transaction of its own, so that no customer waits for more than one of them. Run again
after an interruption, it goes on where it stopped.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "{+2}_fill_pieces"
down_revision: str | None = "{+1}_add_pieces"
branch_labels: str | None = None
depends_on: str | None = None

BATCH = 500  # rows
FILL = sa.text("""
    UPDATE variants SET pieces = stock
    WHERE id IN (SELECT id FROM variants WHERE pieces IS NULL ORDER BY id LIMIT :batch)
""")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        while op.get_bind().execute(FILL, {"batch": BATCH}).rowcount:
            pass


def downgrade() -> None:
    # review: allow R101 because the revision below drops the column, with all that is in it
    pass
