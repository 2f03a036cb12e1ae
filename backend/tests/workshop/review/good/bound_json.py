"""Note where each price came from

Revision ID: bf7c65
Revises: ae6b54
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "bf7c65"
down_revision = "ae6b54"


def upgrade():
    op.execute(
        sa.text("UPDATE prices SET origin = CAST(:origin AS jsonb) WHERE origin IS NULL").bindparams(
            origin=json.dumps({"file": "prices.csv", "by": "import"})
        )
    )


def downgrade():
    op.execute("UPDATE prices SET origin = NULL")
