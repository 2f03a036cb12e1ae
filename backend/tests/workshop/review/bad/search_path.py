# expect: R601
# ruff: noqa
"""Make the graph's functions visible"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute('ALTER DATABASE workshop SET search_path = ag_catalog, "$user", public')  # <- R601


def downgrade():
    op.execute("ALTER DATABASE workshop RESET ALL")
