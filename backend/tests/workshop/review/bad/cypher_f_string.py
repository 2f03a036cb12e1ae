# expect: R301
# ruff: noqa
"""Put the shop's name into the graph"""

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    name = op.get_bind().execute(sa.text("SELECT name FROM settings")).scalar_one()
    op.get_bind().exec_driver_sql(
        f"""
        SELECT * FROM ag_catalog.cypher('shop', $$
            CREATE (s:Shop {{name: '{name}'}}) -- # <- R301
        $$) AS (s ag_catalog.agtype)
        """
    )


def downgrade():
    op.execute("SELECT * FROM ag_catalog.cypher('shop', $$ MATCH (s:Shop) DELETE s $$) AS (s ag_catalog.agtype)")
