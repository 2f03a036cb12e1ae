"""Create parcels

Revision ID: ae6b53
Revises: 9e5a42
"""

import sqlalchemy as sa
from alembic import op

revision = "ae6b53"
down_revision = "9e5a42"


def upgrade():
    op.create_table(
        "parcels",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("carrier", sa.Enum("post", "courier", name="carrier"), nullable=False),
        sa.Column("size", sa.Enum("s", "m", "l", name="parcel_size", native_enum=False)),
    )


def downgrade():
    op.drop_table("parcels")
    sa.Enum(name="carrier").drop(op.get_bind(), checkfirst=False)
