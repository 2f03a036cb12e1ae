"""Index the graph

Revision ID: 0014_index_graph
Revises: 0013_build_graph

To find a vertex by its key, AGE reads every vertex of the label: it makes indexes on its own numbers, not on
properties. Which index a question can use depends on how it is asked. `MATCH (r:Review {id: 5})` asks for a map that is
contained in the properties, and GIN answers that. `WHERE r.id = 5` takes one property out, and a btree on that
expression answers it, and also `<` and `>`. Both are built, because both are written.

The btree is unique: a key that is there twice could not be joined to its row, and nothing else in a graph forbids it.
Category has six vertices and needs neither. ANALYZE comes after the indexes, since the statistics of an expression
belong to its index. Nothing is lost by the downgrade but speed and that rule.
"""

from __future__ import annotations

from alembic import op

revision: str = "0014_index_graph"
down_revision: str | None = "0013_build_graph"
branch_labels: str | None = None
depends_on: str | None = None

LABELS = ("Product", "Feature", "Review", "User")
KEY = """ag_catalog.agtype_access_operator(properties, '"id"'::ag_catalog.agtype)"""


def upgrade() -> None:
    for label in LABELS:
        table = f'shop_graph."{label}"'
        op.build_index(f"ix_{label.lower()}_id", table, KEY, unique=True)
        op.build_index(f"ix_{label.lower()}_properties", table, "properties", using="gin")
        op.execute(f"ANALYZE {table}")


def downgrade() -> None:
    for label in reversed(LABELS):
        op.drop_built_index(f"shop_graph.ix_{label.lower()}_properties")
        op.drop_built_index(f"shop_graph.ix_{label.lower()}_id")
