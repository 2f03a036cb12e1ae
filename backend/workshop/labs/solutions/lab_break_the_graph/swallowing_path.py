"""Bring the path back, and the table home

Revision ID: draft_path_back
Revises: draft_price_alerts

Where the two drafts before this one ran in one session, the table is in public already: a setting of the database
reaches new sessions only. IF EXISTS looks in ag_catalog alone, so both kinds of database come out the same. The
downgrade does nothing, because the way back is the one of the drafts before: they find the table on the normal path.
"""

from alembic import op

revision = "draft_path_back"
down_revision = "draft_price_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path', current_database()); END $$")
    op.execute("ALTER TABLE IF EXISTS ag_catalog.price_alerts SET SCHEMA public")


def downgrade() -> None:
    """Nobody wants the path back."""
