# expect: R406
# ruff: noqa
"""No stock below zero"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("ALTER TABLE variants ADD CONSTRAINT ck_variants_stock CHECK (stock >= 0)")  # <- R406


def downgrade():
    op.execute("ALTER TABLE variants DROP CONSTRAINT ck_variants_stock")
