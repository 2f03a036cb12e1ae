"""Bring the ratings of the graph back from the table

Revision ID: draft_mend_ratings
Revises: draft_quotes

Wherever draft_quotes ran as it was first written, a review could change the graph. Where none did, nothing is changed.
"""

from alembic import op

revision = "draft_mend_ratings"
down_revision = "draft_quotes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.execute("""
        UPDATE shop_graph."Review" AS v SET properties = v.properties || agtype_build_map('rating', r.rating)
        FROM reviews AS r
        WHERE agtype_access_operator(v.properties, '"id"') = r.id::text::agtype
          AND agtype_access_operator(v.properties, '"rating"') <> r.rating::text::agtype
    """)


def downgrade() -> None:
    """Nobody wants the forged ratings back."""
