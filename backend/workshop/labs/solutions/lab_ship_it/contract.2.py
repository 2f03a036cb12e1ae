"""Require pieces of variants, for new rows

Revision ID: {+3}_require_pieces
Revises: {+2}_fill_pieces

The rules are taken without a look at the rows that are there, so the lock lasts for a moment. They hold for every row
that is written from now on; the next revision looks at the others.
"""

from __future__ import annotations

from alembic import op

revision: str = "{+3}_require_pieces"
down_revision: str | None = "{+2}_fill_pieces"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_check_constraint("pieces_not_negative", "variants", "pieces >= 0", postgresql_not_valid=True)
    op.create_check_constraint("pieces_given", "variants", "pieces IS NOT NULL", postgresql_not_valid=True)


def downgrade() -> None:
    op.drop_constraint("pieces_given", "variants", type_="check")
    op.drop_constraint("pieces_not_negative", "variants", type_="check")
