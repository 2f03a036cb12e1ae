"""Let everybody speak Cypher

Revision ID: draft_easy_cypher
Revises: {head}
"""

from alembic import op

revision = "draft_easy_cypher"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        DO $$ BEGIN
            EXECUTE format('ALTER DATABASE %I SET search_path = ag_catalog, "$user", public', current_database());
        END $$
    """)


def downgrade() -> None:
    op.execute("DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path', current_database()); END $$")
