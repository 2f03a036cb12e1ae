"""Tighten the variants

Revision ID: draft_tighten_variants
Revises: {head}
"""

from alembic import op

revision = "draft_tighten_variants"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE variants ADD UNIQUE (product_id, sku)")
    op.execute("ALTER TABLE variants ADD CHECK (stock <= 100000)")


def downgrade() -> None:
    op.drop_constraint("uq_variants_product_id_sku", "variants")
    op.drop_constraint("stock_plausible", "variants", type_="check")
