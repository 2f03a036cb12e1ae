"""Forget the old shop's passwords

Revision ID: 59160e
Revises: 4805fd

One-way: the hashes are lost, and nobody shall be able to bring them back.
"""

from alembic import op

revision = "59160e"
down_revision = "4805fd"


def upgrade():
    op.drop_column("users", "legacy_password")


def downgrade():
    raise NotImplementedError("The old passwords were deleted on purpose; restore a backup if you must have them.")
