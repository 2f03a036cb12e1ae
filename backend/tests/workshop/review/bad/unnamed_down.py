# expect: R506
# ruff: noqa
"""Only one sku"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.create_unique_constraint("uq_variants_sku", "variants", ["sku"])


def downgrade():
    op.drop_constraint(None, "variants", type_="unique")  # <- R506
