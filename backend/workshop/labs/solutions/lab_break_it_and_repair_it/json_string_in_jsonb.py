"""Mend the warranty

Revision ID: draft_mend_warranty
Revises: draft_add_warranty

The strings that hold JSON become objects. A string that holds none is kept word for word, under "note". The downgrade
drops the rule and leaves the rows mended: nobody wants the broken ones back.
"""

from alembic import op

revision = "draft_mend_warranty"
down_revision = "draft_add_warranty"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        UPDATE products
        SET warranty = CASE WHEN warranty #>> '{}' IS JSON OBJECT THEN (warranty #>> '{}')::jsonb
                            ELSE jsonb_build_object('note', warranty #>> '{}') END
        WHERE jsonb_typeof(warranty) = 'string'
    """)
    op.create_check_constraint("warranty_is_object", "products", "jsonb_typeof(warranty) = 'object'")


def downgrade() -> None:
    op.drop_constraint("warranty_is_object", "products", type_="check")
