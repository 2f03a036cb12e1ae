"""Take out the edges that lost a vertex

Revision ID: draft_no_dangling_edge
Revises: draft_withdraw_reviews

The tables of all labels inherit from _ag_label_edge and _ag_label_vertex, so one statement sees every kind of edge.
One-way, like the revision before: what the edges led to is gone.
"""

from alembic import op

revision = "draft_no_dangling_edge"
down_revision = "draft_withdraw_reviews"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.execute("""
        DELETE FROM shop_graph._ag_label_edge AS e
        WHERE NOT EXISTS (SELECT FROM shop_graph._ag_label_vertex AS v WHERE v.id = e.start_id)
           OR NOT EXISTS (SELECT FROM shop_graph._ag_label_vertex AS v WHERE v.id = e.end_id)
    """)


def downgrade() -> None:
    raise NotImplementedError("The reviews are gone: restore them from a backup.")
