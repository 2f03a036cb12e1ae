"""Quote the newest review of each product

Revision ID: draft_quotes
Revises: {head}
"""

from alembic import op

revision = "draft_quotes"
down_revision = "{head}"
branch_labels = None
depends_on = None

NEWEST = "SELECT DISTINCT ON (product_id) id, body FROM reviews ORDER BY product_id, reviewed_on DESC, id DESC"


def upgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    cursor = op.get_bind().connection.cursor()
    for number, body in cursor.execute(NEWEST).fetchall():
        text = body.replace("'", "\\'")  # quotes are taken care of
        cursor.execute(f"""
            SELECT * FROM cypher('shop_graph', $$
                CREATE (q:Quote {{review: {number}, text: '{text}'}})
            $$) AS (nothing agtype)
        """)


def downgrade() -> None:
    op.execute("SELECT ag_catalog.drop_label('shop_graph', 'Quote')")
