# expect: R506
# ruff: noqa
"""Tie variants to their supplier"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_foreign_key(None, "variants", "suppliers", ["supplier_id"], ["id"])  # <- R506


def downgrade():
    op.drop_constraint("variants_supplier_id_fkey", "variants", type_="foreignkey")
