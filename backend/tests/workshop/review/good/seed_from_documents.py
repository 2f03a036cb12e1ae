"""Seed the recipes

Revision ID: 77c1a0
Revises: 4805fd

The downgrade takes out what the folder brought, and refuses where somebody's own rows depend on it.
"""

from alembic import op

revision = "77c1a0"
down_revision = "4805fd"


def upgrade():
    op.copy_documents("recipes", longest=800)


def downgrade():
    op.remove_documents("recipes", longest=800)
