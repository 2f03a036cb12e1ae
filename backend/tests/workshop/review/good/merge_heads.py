"""Merge the search and the order branches

Revision ID: 04c1b9
Revises: f3b0a8, 15d2ca
"""

revision = "04c1b9"
down_revision = ("f3b0a8", "15d2ca")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
