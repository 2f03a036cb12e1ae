# expect: R205
# ruff: noqa
"""Fill the language of the reviews"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    connection = op.get_bind()
    connection.execute(sa.text("UPDATE reviews SET language = 'en' WHERE language IS NULL"))
    connection.commit()  # <- R205


def downgrade():
    op.execute("UPDATE reviews SET language = NULL")
