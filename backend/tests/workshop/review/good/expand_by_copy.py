"""Split addresses out of users

Revision ID: f3b0a9
Revises: e2af98

Expand: the columns of users stay until the code reads the new table.
"""

import sqlalchemy as sa
from alembic import op

revision = "f3b0a9"
down_revision = "e2af98"


def upgrade():
    users = sa.table("users", sa.column("id"), sa.column("street"), sa.column("town"))
    addresses = op.create_table(
        "addresses",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("street", sa.Text(), nullable=False),
        sa.Column("town", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_addresses_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_addresses")),
    )
    op.execute(
        addresses.insert().from_select(
            ["user_id", "street", "town"],
            sa.select(users.c.id, users.c.street, users.c.town).where(users.c.street != ""),
        )
    )


def downgrade():
    op.drop_table("addresses")
