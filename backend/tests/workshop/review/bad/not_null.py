# expect: R404
# ruff: noqa
"""Every product has a slug"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.add_column("products", sa.Column("slug", sa.String(80), nullable=False, default=""))  # <- R404


def downgrade():
    op.drop_column("products", "slug")
