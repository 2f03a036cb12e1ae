# expect: R107
# ruff: noqa
"""Sync models"""

revision = "a1"
down_revision = "a0"


def upgrade():  # <- R107
    pass


def downgrade():
    pass
