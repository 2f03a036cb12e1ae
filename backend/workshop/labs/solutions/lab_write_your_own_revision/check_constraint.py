"""Require lower case addresses

Revision ID: {+1}_require_lower_case
Revises: {head}

Taken without a look at the rows, then validated while others write. If validation finds a row, the shop's addresses
have to be mended first, and by somebody who knows whose they are.
"""

from __future__ import annotations

from alembic import op

revision: str = "{+1}_require_lower_case"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_check_constraint("email_lower_case", "users", "email = lower(email)", postgresql_not_valid=True)
        op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck_users_email_lower_case")


def downgrade() -> None:
    op.drop_constraint("email_lower_case", "users", type_="check")
