# expect: R305
# ruff: noqa
"""Tie reviews to products in the graph"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        SELECT * FROM ag_catalog.cypher('shop', $$
            MATCH (p:Product), (r:Review) WHERE r.product_id = p.id
            CREATE (p)-[:HAS_REVIEW]->(r) -- # <- R305
        $$) AS (done ag_catalog.agtype)
    """)


def downgrade():
    op.execute("""
        SELECT * FROM ag_catalog.cypher('shop', $$
            MATCH (p:Product)-[e]->(r:Review) DELETE e
        $$) AS (done ag_catalog.agtype)
    """)
