# expect: R204
# ruff: noqa
"""Create the wishes"""

from alembic import op
from shop.models import Wish  # <- R204

revision = "a1"
down_revision = "a0"


def upgrade():
    Wish.__table__.create(op.get_bind())


def downgrade():
    op.drop_table("wishes")
