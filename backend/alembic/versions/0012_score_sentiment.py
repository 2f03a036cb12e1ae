r"""Score the sentiment

Revision ID: 0012_score_sentiment
Revises: 0011_index_documents

What every review says: how it sounds as a whole, and which of the catalog's features it speaks of, how, and in which
words. Stars cannot tell that: three stars may be a battery that is praised and a strap that is cursed.

review_sentiments is the list of what was read, so a review that was read and speaks of no feature can be told from one
that nobody has read yet. review_mentions quotes the review: a claim without its words could not be checked. Both
tables say who read, and of which text; both are filled at once by one model, and a review takes its rows along when it
is deleted. The downgrade drops both; the reviews can be read again.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "0012_score_sentiment"
down_revision: str | None = "0011_index_documents"
branch_labels: str | None = None
depends_on: str | None = None

REVIEWS = r"""
    SELECT id AS review_id, concat_ws(E'\n', title, body) AS text, md5(concat_ws(E'\n', title, body)) AS text_md5
    FROM reviews
"""

FEATURES = "SELECT id AS feature_id, concat_ws(': ', name, description) AS text FROM features"

# The features of a review's product, and of the other products of its category.
LISTED = """
    SELECT r.id AS review_id, f.feature_id, bool_or(f.product_id = r.product_id) AS own,
           bool_or(f.product_id <> r.product_id) AS kin
    FROM reviews r JOIN products p ON p.id = r.product_id JOIN products kindred USING (category)
    JOIN product_features f ON f.product_id = kindred.id
    GROUP BY r.id, f.feature_id
"""


def review() -> sa.Column:
    """The review that was read."""
    return sa.Column("review_id", sa.Integer, sa.ForeignKey("reviews.id", ondelete="CASCADE"), nullable=False)


def provenance() -> list[sa.Column]:
    """Who read it when."""
    return [
        sa.Column("provider", sa.String(20), nullable=False, comment="Where the model ran: local or azure"),
        sa.Column("model", sa.String(80), nullable=False, comment="Scores of two models cannot be compared"),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    ]


def upgrade() -> None:
    op.create_table(
        "review_sentiments",
        review(),
        sa.Column("sentiment", sa.String(8), nullable=False, comment="Of the review as a whole"),
        sa.Column("positive_score", sa.REAL, nullable=False, comment="0 to 1; the three sum to about 1"),
        sa.Column("neutral_score", sa.REAL, nullable=False),
        sa.Column("negative_score", sa.REAL, nullable=False),
        sa.Column("text_md5", sa.String(32), nullable=False, comment="Of the text that was read, title and body"),
        *provenance(),
        sa.PrimaryKeyConstraint("review_id"),
        sa.CheckConstraint("sentiment IN ('positive', 'neutral', 'negative', 'mixed')", name="sentiment_known"),
        sa.CheckConstraint(
            "positive_score BETWEEN 0 AND 1 AND neutral_score BETWEEN 0 AND 1 AND negative_score BETWEEN 0 AND 1",
            name="scores_zero_to_one",
        ),
        comment="How each review sounds; one row for each review that was read, whatever it says",
    )
    op.create_table(
        "review_mentions",
        review(),
        sa.Column("feature_id", sa.Integer, sa.ForeignKey("features.id"), nullable=False, index=True),
        sa.Column("sentiment", sa.String(8), nullable=False, comment="Of this feature, in this review"),
        sa.Column("score", sa.REAL, nullable=False, comment="0 to 1: how sure the model is of the sentiment"),
        sa.Column("clause", sa.Text, nullable=False, comment="The words of title or body that say it, as they stand"),
        *provenance(),
        sa.PrimaryKeyConstraint("review_id", "feature_id"),
        sa.CheckConstraint("sentiment IN ('positive', 'negative', 'neutral')", name="sentiment_known"),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name="score_zero_to_one"),
        sa.CheckConstraint(r"clause ~ '\S'", name="clause_not_empty"),
        comment="Which features a review speaks of, and how",
    )
    op.score_sentiment(
        "review_sentiments",
        mentions="review_mentions",
        key="review_id",
        source=REVIEWS,
        keep="text_md5",
        feature_key="feature_id",
        features=FEATURES,
        listed=LISTED,
    )


def downgrade() -> None:
    op.drop_table("review_mentions")
    op.drop_table("review_sentiments")
