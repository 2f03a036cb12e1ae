"""For whom a product is good: groups of shoppers, dimensions of quality, and the weights between them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base
from shop.models.catalog import EXPORT_KEY


class FocusGroup(Base):
    """Shoppers who look for the same things."""

    __tablename__ = "focus_groups"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        {"comment": "Groups of shoppers who look for the same things"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    description: Mapped[str] = mapped_column(sa.Text, comment="Who belongs to the group, in one sentence")

    weights: Mapped[list[FocusGroupDimensionWeight]] = relationship(back_populates="focus_group")


class Dimension(Base):
    """A side of quality, such as sound or durability."""

    __tablename__ = "dimensions"
    __table_args__ = (
        sa.CheckConstraint("minimum_score < maximum_score", name="minimum_below_maximum"),
        sa.UniqueConstraint("name"),
        {"comment": "Sides of quality; each feature belongs to one"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    description: Mapped[str] = mapped_column(sa.Text, comment="What the dimension is about, in one sentence")
    minimum_score: Mapped[Decimal] = mapped_column(
        sa.Numeric(4, 2), server_default=sa.text("1"), comment="The worst score, such as 1 star; it counts as nothing"
    )
    maximum_score: Mapped[Decimal] = mapped_column(
        sa.Numeric(4, 2), server_default=sa.text("5"), comment="The best score, such as 5 stars; it counts in full"
    )


class FocusGroupDimensionWeight(Base):
    """How much a dimension matters to a group, for as long as it does.

    The current weights of a group sum to 1. The constraint trigger weights_sum_to_one looks at it when a transaction
    commits; SQLAlchemy has no word for such a trigger, so it stands in revision 0004 alone.
    """

    __tablename__ = "focus_group_dimension_weights"
    __table_args__ = (
        sa.CheckConstraint("weight BETWEEN 0 AND 1", name="weight_zero_to_one"),
        sa.CheckConstraint("effective_to > effective_from", name="ends_after_start"),
        sa.CheckConstraint("NOT is_current OR effective_to IS NULL", name="current_has_no_end"),
        # These two have names of their own: the convention's would be longer than the 63 characters of a name.
        sa.UniqueConstraint(
            "focus_group_id", "dimension_id", "effective_from", name="uq_focus_group_dimension_weights_start"
        ),
        sa.Index(
            "ix_focus_group_dimension_weights_current",
            "focus_group_id",
            "dimension_id",
            unique=True,
            postgresql_where=sa.text("is_current"),
        ),
        {"comment": "How much a dimension matters to a group, now and earlier"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    # The unique constraint serves a search by group; a search by dimension needs an index of its own.
    focus_group_id: Mapped[int] = mapped_column(sa.ForeignKey("focus_groups.id"))
    dimension_id: Mapped[int] = mapped_column(sa.ForeignKey("dimensions.id"), index=True)
    weight: Mapped[Decimal] = mapped_column(
        sa.Numeric(4, 3), comment="Share of the whole; the current ones of a group make 1"
    )
    rationale: Mapped[str] = mapped_column(sa.Text, comment="Why it is this much, in one sentence")
    effective_from: Mapped[date] = mapped_column(
        server_default=sa.text("CURRENT_DATE"), comment="First day on which the weight counts"
    )
    effective_to: Mapped[date | None] = mapped_column(comment="First day on which it no longer counts, or null")
    is_current: Mapped[bool] = mapped_column(
        server_default=sa.true(), comment="Counts today; at most one for a group and dimension"
    )

    focus_group: Mapped[FocusGroup] = relationship(back_populates="weights")
    dimension: Mapped[Dimension] = relationship()
