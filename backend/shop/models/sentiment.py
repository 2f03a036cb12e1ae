"""What the reviews say: how each sounds, and which features it speaks of."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base


class Judged:
    """Who read it when."""

    provider: Mapped[str] = mapped_column(sa.String(20), comment="Where the model ran: local or azure")
    model: Mapped[str] = mapped_column(sa.String(80), comment="Scores of two models cannot be compared")
    computed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


class ReviewSentiment(Judged, Base):
    """How a review sounds as a whole; a review without one was not read yet."""

    __tablename__ = "review_sentiments"
    __table_args__ = (
        sa.CheckConstraint("sentiment IN ('positive', 'neutral', 'negative', 'mixed')", name="sentiment_known"),
        sa.CheckConstraint(
            "positive_score BETWEEN 0 AND 1 AND neutral_score BETWEEN 0 AND 1 AND negative_score BETWEEN 0 AND 1",
            name="scores_zero_to_one",
        ),
        {"comment": "How each review sounds; one row for each review that was read, whatever it says"},
    )

    review_id: Mapped[int] = mapped_column(sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    sentiment: Mapped[str] = mapped_column(sa.String(8), comment="Of the review as a whole")
    positive_score: Mapped[float] = mapped_column(sa.REAL, comment="0 to 1; the three sum to about 1")
    neutral_score: Mapped[float] = mapped_column(sa.REAL)
    negative_score: Mapped[float] = mapped_column(sa.REAL)
    text_md5: Mapped[str] = mapped_column(sa.String(32), comment="Of the text that was read, title and body")


class ReviewMention(Judged, Base):
    """A review speaks of a feature."""

    __tablename__ = "review_mentions"
    __table_args__ = (
        sa.CheckConstraint("sentiment IN ('positive', 'negative', 'neutral')", name="sentiment_known"),
        sa.CheckConstraint("score BETWEEN 0 AND 1", name="score_zero_to_one"),
        sa.CheckConstraint(r"clause ~ '\S'", name="clause_not_empty"),
        {"comment": "Which features a review speaks of, and how"},
    )

    review_id: Mapped[int] = mapped_column(sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    feature_id: Mapped[int] = mapped_column(sa.ForeignKey("features.id"), primary_key=True, index=True)
    sentiment: Mapped[str] = mapped_column(sa.String(8), comment="Of this feature, in this review")
    score: Mapped[float] = mapped_column(sa.REAL, comment="0 to 1: how sure the model is of the sentiment")
    clause: Mapped[str] = mapped_column(sa.Text, comment="The words of title or body that say it, as they stand")
