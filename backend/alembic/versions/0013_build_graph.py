"""Build the graph

Revision ID: 0013_build_graph
Revises: 0012_score_sentiment

What the tables know of products, features, reviews, shoppers and categories, once more as a graph: vertices, and edges
that can be walked in any direction without naming a join. The graph is derived; the tables stay what is true. It
carries the keys of the rows that it was made from, so that any answer leads back to them, and of the shoppers it
carries nothing but the key: no name, no address, no password.

A price is a float here, since Cypher has no exact decimals; a score goes by its text, which writes a real in the
fewest digits that mean it. The graph knows what the tables knew when it was built;
the check of this step names every row in which the two differ. The downgrade drops the graph, and the extension if
this revision created it; both can be made again.
"""

from __future__ import annotations

from alembic import op

revision: str = "0013_build_graph"
down_revision: str | None = "0012_score_sentiment"
branch_labels: str | None = None
depends_on: str | None = None

GRAPH = "shop_graph"

# Label: the query whose rows become vertices. Its first column is the key, its columns are the properties.
VERTICES = {
    "Product": "SELECT id, name, brand, price::float8 FROM products",
    "Feature": "SELECT id, name FROM features",
    "Review": "SELECT id, rating, title, reviewed_on::text FROM reviews",
    "User": "SELECT id::text FROM users",
    "Category": "SELECT DISTINCT category AS name FROM products",
}

# Label: from, to, and the query whose first two columns are their keys; further columns are properties.
EDGES = {
    "HAS_FEATURE": ("Product", "Feature", "SELECT product_id, feature_id FROM product_features"),
    "HAS_REVIEW": ("Product", "Review", "SELECT product_id, id FROM reviews"),
    "MENTIONS": (
        "Review",
        "Feature",
        "SELECT review_id, feature_id, sentiment, score::text::float8 FROM review_mentions",
    ),
    "WROTE": ("User", "Review", "SELECT user_id::text, id FROM reviews WHERE user_id IS NOT NULL"),
    "IN_CATEGORY": ("Product", "Category", "SELECT id, category FROM products"),
}


def upgrade() -> None:
    op.create_extension("age", oldest="1.6")
    op.create_graph(GRAPH, vertices=VERTICES, edges=EDGES)


def downgrade() -> None:
    op.drop_graph(GRAPH)
    op.drop_extension("age")
