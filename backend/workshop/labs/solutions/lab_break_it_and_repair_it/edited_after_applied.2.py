"""Give the wishes a priority

Revision ID: draft_wish_priorities
Revises: draft_wish_lists

What somebody had written into draft_wish_lists after it was applied. The downgrade loses the priorities, and refuses
when a wish has become longer than 80 characters.
"""

from alembic import op

revision = "draft_wish_priorities"
down_revision = "draft_wish_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE wish_lists ALTER wish TYPE text, ADD priority smallint NOT NULL DEFAULT 3")


def downgrade() -> None:
    op.execute("ALTER TABLE wish_lists DROP priority, ALTER wish TYPE varchar(80)")
