"""Say in the graph who signed a review

Revision ID: draft_review_authors
Revises: {head}
"""

import json

import sqlalchemy as sa
from alembic import op

revision = "draft_review_authors"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    found = op.get_bind().execute(sa.text("SELECT id, author FROM reviews ORDER BY id"))
    rows = [{"id": row.id, "author": str(row.author)} for row in found]
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.get_bind().exec_driver_sql(
        """
        SELECT * FROM cypher('shop_graph', $$
            UNWIND $rows AS row MATCH (r:Review) WHERE r.id = row.id SET r.author = row.author
        $$, %s) AS (nothing agtype)
        """,
        (json.dumps({"rows": rows}),),
    )


def downgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.execute("SELECT * FROM cypher('shop_graph', $$ MATCH (r\\:Review) REMOVE r.author $$) AS (nothing agtype)")
