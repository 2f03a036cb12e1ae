# expect: R102
# ruff: noqa
"""Only known currencies"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("ALTER TABLE prices ADD COLUMN note text")
    op.create_check_constraint("ck_prices_currency", "prices", "currency IN ('EUR', 'USD')")  # <- R102


def downgrade():
    op.execute("ALTER TABLE prices DROP COLUMN note")
