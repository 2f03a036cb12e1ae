"""Quote the newest review of each product

Revision ID: draft_quotes
Revises: {head}

A text never becomes part of a statement: it goes from the table to the graph inside the server.
"""

from alembic import op

revision = "draft_quotes"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.execute("SELECT create_vlabel('shop_graph', 'Quote')")
    op.execute("""
        INSERT INTO shop_graph."Quote" (properties)
        SELECT agtype_build_map('review', id, 'text', body) FROM (
            SELECT DISTINCT ON (product_id) id, body FROM reviews ORDER BY product_id, reviewed_on DESC, id DESC
        ) AS newest
    """)


def downgrade() -> None:
    op.execute("SELECT ag_catalog.drop_label('shop_graph', 'Quote')")
