# expect: R203
# ruff: noqa
"""Keep today's rate of exchange"""

import requests
import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    rate = requests.get("https://rates.invalid/eur", timeout=10).json()["usd"]  # <- R203
    op.execute(sa.text("UPDATE settings SET dollars = :rate").bindparams(rate=rate))


def downgrade():
    op.execute("UPDATE settings SET dollars = NULL")
