# expect: R202
# ruff: noqa
"""Give each product a slug"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    bind = op.get_bind()
    for product in bind.execute(sa.text("SELECT id, name FROM products")).mappings():
        slug = product["name"].lower().replace(" ", "-")
        bind.execute(  # <- R202
            sa.text("UPDATE products SET slug = :slug WHERE id = :id"), {"slug": slug, "id": product["id"]}
        )


def downgrade():
    op.execute("UPDATE products SET slug = NULL")
