"""Index the settings

Revision ID: c08d76
Revises: bf7c65
"""

from alembic import op

revision = "c08d76"
down_revision = "bf7c65"


def upgrade():
    op.create_index("ix_settings_name", "settings", ["name"])  # review: allow R402 because the table has nine rows


def downgrade():
    op.drop_index("ix_settings_name", table_name="settings")
