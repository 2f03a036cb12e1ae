"""Build the product graph

Revision ID: 9d5a42
Revises: 8c4931
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "9d5a42"
down_revision = "8c4931"

GRAPH = "shop_graph"
LABELS = ("Product", "Feature", "Review")


def upgrade():
    connection = op.get_bind()
    op.create_graph(GRAPH)
    for label in LABELS:
        op.execute(sa.text("SELECT ag_catalog.create_vlabel(:graph, :label)").bindparams(graph=GRAPH, label=label))
    products = [dict(row) for row in connection.execute(sa.text("SELECT id, name FROM products")).mappings()]
    connection.exec_driver_sql(
        f"SELECT * FROM ag_catalog.cypher('{GRAPH}', $$"
        " UNWIND $rows AS row CREATE (:Product {id: row.id, name: row.name}) $$, %s) AS (done ag_catalog.agtype)",
        (json.dumps({"rows": products}),),
    )


def downgrade():
    op.drop_graph(GRAPH)
