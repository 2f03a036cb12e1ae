# expect: R401
# ruff: noqa
"""Load the passages and index them"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("INSERT INTO passages (product_id, text) SELECT id, description FROM products")
    op.build_index("ix_passages_product_id", "passages", "product_id")  # <- R401


def downgrade():
    op.drop_index("ix_passages_product_id")
    op.execute("DELETE FROM passages")
