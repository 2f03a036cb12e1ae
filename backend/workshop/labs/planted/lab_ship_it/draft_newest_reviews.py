"""Index the reviews by their day

Revision ID: draft_newest_reviews
Revises: {head}

It gave up with a timeout twice last week, so it waits now for as long as it takes.
"""

from alembic import op

revision: str = "draft_newest_reviews"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute("SET lock_timeout = 0")
    op.create_index("ix_reviews_reviewed_on", "reviews", ["reviewed_on"])


def downgrade() -> None:
    op.drop_index("ix_reviews_reviewed_on", "reviews")
