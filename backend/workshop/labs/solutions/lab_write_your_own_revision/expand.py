"""Add word_count to reviews

Revision ID: {+1}_add_word_count_to_reviews
Revises: {head}

First of three: the column may be null, because the program that runs now does not know it yet. The downgrade loses
nothing that cannot be counted again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "{+1}_add_word_count_to_reviews"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("reviews", sa.Column("word_count", sa.Integer, comment="Words of the body; null until counted"))


def downgrade() -> None:
    op.drop_column("reviews", "word_count")
