# expect: R301
# ruff: noqa
"""Mark the brands that were in the file"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    brands = Path(__file__).with_suffix(".txt").read_text().splitlines()
    listed = ", ".join(f"'{brand}'" for brand in brands)  # <- R301
    op.get_bind().execute(sa.text("UPDATE products SET known = true WHERE brand IN ({})".format(listed)))


def downgrade():
    op.execute("UPDATE products SET known = false")
