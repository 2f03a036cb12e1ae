"""Forbid stock below zero

Revision ID: 8c4931
Revises: 7b3820

NOT VALID binds new rows at once; the next revision validates the old ones.
"""

from alembic import op

revision = "8c4931"
down_revision = "7b3820"


def upgrade():
    op.execute("ALTER TABLE variants ADD CONSTRAINT ck_variants_stock CHECK (stock >= 0) NOT VALID")
    op.create_foreign_key(
        "fk_variants_supplier_id_suppliers", "variants", "suppliers", ["supplier_id"], ["id"], postgresql_not_valid=True
    )


def downgrade():
    op.drop_constraint("fk_variants_supplier_id_suppliers", "variants", type_="foreignkey")
    op.drop_constraint("ck_variants_stock", "variants", type_="check")
