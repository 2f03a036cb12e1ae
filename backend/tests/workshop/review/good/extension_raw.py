"""Make similar spellings findable

Revision ID: e2af97
Revises: d19e86
"""

from alembic import op

revision = "e2af97"
down_revision = "d19e86"


def upgrade() -> None:
    op.execute("CREATE EXTENSION pg_trgm")


def downgrade() -> None:
    op.execute("DROP EXTENSION pg_trgm")
