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
    # op.f: the name as it is, and not made by the convention. PostgreSQL invented these two.
    op.drop_constraint(op.f("variants_product_id_sku_key"), "variants")
    op.drop_constraint(op.f("variants_stock_check"), "variants")
