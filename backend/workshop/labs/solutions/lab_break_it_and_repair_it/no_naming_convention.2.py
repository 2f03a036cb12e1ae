"""Name the rules of the variants

Revision ID: draft_name_variant_rules
Revises: draft_tighten_variants
"""

from alembic import op

revision = "draft_name_variant_rules"
down_revision = "draft_tighten_variants"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE variants RENAME CONSTRAINT variants_product_id_sku_key TO uq_variants_product_id_sku")
    op.execute("ALTER TABLE variants RENAME CONSTRAINT variants_stock_check TO ck_variants_stock_plausible")


def downgrade() -> None:
    op.execute("ALTER TABLE variants RENAME CONSTRAINT uq_variants_product_id_sku TO variants_product_id_sku_key")
    op.execute("ALTER TABLE variants RENAME CONSTRAINT ck_variants_stock_plausible TO variants_stock_check")
