# expect: R104
# ruff: noqa
"""Seed the recipes"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.copy_documents("recipes", longest=800)  # <- R104


def downgrade():
    op.execute("UPDATE settings SET has_recipes = false WHERE id = 1")
