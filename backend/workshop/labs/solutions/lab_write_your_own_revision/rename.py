"""Rename profile of users to about

Revision ID: {+1}_rename_profile
Revises: {head}

The contents stay where they are. A program that still says `profile` fails from this moment on, so in a shop that
never closes this takes two releases and a view, or a second column, in between.
"""

from __future__ import annotations

from alembic import op

revision: str = "{+1}_rename_profile"
down_revision: str | None = "{head}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.alter_column("users", "profile", new_column_name="about")


def downgrade() -> None:
    op.alter_column("users", "about", new_column_name="profile")
