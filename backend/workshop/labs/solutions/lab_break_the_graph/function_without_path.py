"""Give the function a path of its own

Revision ID: draft_path_of_function
Revises: draft_products_with

The path holds while the function runs, whoever calls it, and the caller's own is untouched.
"""

from alembic import op

revision = "draft_path_of_function"
down_revision = "draft_products_with"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER FUNCTION products_with(text) SET search_path = public, ag_catalog")


def downgrade() -> None:
    op.execute("ALTER FUNCTION products_with(text) RESET search_path")
