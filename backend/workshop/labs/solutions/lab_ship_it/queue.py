"""Index the reviews by their day

Revision ID: draft_newest_reviews
Revises: {head}

op.build_index builds concurrently: it waits for older transactions, and nobody waits for it.
"""

from __future__ import annotations

from alembic import op

revision: str = "draft_newest_reviews"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.build_index("ix_reviews_reviewed_on", "reviews", "reviewed_on")


def downgrade() -> None:
    op.drop_built_index("ix_reviews_reviewed_on")
