# expect: R102
# ruff: noqa
"""Add the two dates of a warranty"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    with op.batch_alter_table("products") as batch_op:
        batch_op.add_column(sa.Column("warranty_from", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("warranty_to", sa.Date(), nullable=True))  # <- R102


def downgrade():
    with op.batch_alter_table("products") as batch_op:
        batch_op.drop_column("warranty_from")
