"""Fill word_count of reviews

Revision ID: {+2}_fill_word_count
Revises: {+1}_add_word_count_to_reviews

Second of three. Each batch is a transaction of its own, so that no row stays locked for longer than its batch; run
again after an interruption, it goes on where it stopped.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "{+2}_fill_word_count"
down_revision: str | None = "{+1}_add_word_count_to_reviews"
branch_labels: str | None = None
depends_on: str | None = None

BATCH = 500  # rows
FILL = sa.text(r"""
    UPDATE reviews SET word_count = cardinality(regexp_split_to_array(btrim(body), '\s+'))
    WHERE id IN (SELECT id FROM reviews WHERE word_count IS NULL ORDER BY id LIMIT :batch)
""")


def upgrade() -> None:
    with op.get_context().autocommit_block():
        while op.get_bind().execute(FILL, {"batch": BATCH}).rowcount:
            pass


def downgrade() -> None:
    op.execute("UPDATE reviews SET word_count = NULL")
