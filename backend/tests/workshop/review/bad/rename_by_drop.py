# expect: R505
# ruff: noqa
"""Call the mail address what it is"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.add_column("users", sa.Column("email", sa.String(length=320), nullable=True))
    op.drop_column("users", "mail")  # <- R505


def downgrade():
    op.add_column("users", sa.Column("mail", sa.String(length=320), nullable=True))
    op.drop_column("users", "email")
