"""Take the authors out of the graph that no review has

Revision ID: draft_no_author
Revises: draft_review_authors

The table says which of the texts "None" is a name: it is the only place that knows. The downgrade leaves the graph
mended; draft_review_authors takes the property away with its own.
"""

from alembic import op

revision = "draft_no_author"
down_revision = "draft_review_authors"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.execute("""
        UPDATE shop_graph."Review" AS v SET properties = v.properties - '"author"'
        FROM reviews AS r
        WHERE agtype_access_operator(v.properties, '"id"') = r.id::text::agtype AND r.author IS NULL
    """)


def downgrade() -> None:
    """Nobody wants the texts back."""
