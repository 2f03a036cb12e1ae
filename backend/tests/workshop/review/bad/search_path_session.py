# expect: R601
# ruff: noqa
"""Create the graph"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("SET search_path = ag_catalog, public")  # <- R601
    op.execute("SELECT create_graph('shop_graph')")


def downgrade():
    op.execute("SELECT ag_catalog.drop_graph('shop_graph', true)")
