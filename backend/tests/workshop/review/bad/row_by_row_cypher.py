# expect: R202
# ruff: noqa
"""Build the graph"""

import json

import sqlalchemy as sa
from alembic import op

revision = "a1"
down_revision = "a0"

CREATE = "SELECT * FROM ag_catalog.cypher('shop', $$ CREATE (p:Product {id: $id}) $$, %s) AS (p ag_catalog.agtype)"


def upgrade():
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id FROM products")).fetchall()
    for i in range(len(rows)):
        connection.exec_driver_sql(CREATE, (json.dumps({"id": rows[i].id}),))  # <- R202


def downgrade():
    op.execute("SELECT * FROM ag_catalog.cypher('shop', $$ MATCH (p:Product) DELETE p $$) AS (p ag_catalog.agtype)")
