# expect: R301
# ruff: noqa
"""Reserve a range of numbers"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    highest = op.get_bind().execute(sa.text("SELECT max(number) FROM invoices")).scalar()
    op.execute("ALTER SEQUENCE invoice_number RESTART WITH " + str(highest))  # <- R301


def downgrade():
    op.execute("ALTER SEQUENCE invoice_number RESTART")
