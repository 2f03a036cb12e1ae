"""Who buys, and what they say."""

from __future__ import annotations

import enum
import uuid
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base
from shop.models.catalog import EXPORT_KEY


class User(Base):
    """A registered shopper."""

    __tablename__ = "users"
    __table_args__ = (
        sa.UniqueConstraint("email"),
        {"comment": "Registered shoppers"},
    )

    id: Mapped[uuid.UUID] = mapped_column(
        primary_key=True,
        server_default=sa.text("gen_random_uuid()"),
        comment="Derived from the old shop's key for those it exported",
    )
    email: Mapped[str] = mapped_column(sa.String(320), comment="Lower case")
    hashed_password: Mapped[str] = mapped_column(sa.String(1024), comment="! means: must be set anew at first login")
    is_active: Mapped[bool] = mapped_column(server_default=sa.true())
    is_superuser: Mapped[bool] = mapped_column(server_default=sa.false())
    is_verified: Mapped[bool] = mapped_column(server_default=sa.false(), comment="The address was confirmed by mail")
    first_name: Mapped[str | None] = mapped_column(sa.String(80))
    last_name: Mapped[str | None] = mapped_column(sa.String(80))
    profile: Mapped[str | None] = mapped_column(sa.Text, comment="What the shopper told about daily life and needs")
    focus_group_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("focus_groups.id"),
        index=True,
        comment="The group whose weights rank the products; null until known",
    )


class Review(Base):
    """What somebody says about a product."""

    __tablename__ = "reviews"
    __table_args__ = (
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating_one_to_five"),
        {"comment": "What people say about a product"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"), index=True, comment="Null for a guest")
    author: Mapped[str | None] = mapped_column(sa.String(80), comment="The name shown; null for anonymous")
    rating: Mapped[int] = mapped_column(sa.SmallInteger, comment="Stars, 1 to 5")
    title: Mapped[str | None] = mapped_column(sa.String(200))
    body: Mapped[str] = mapped_column(sa.Text)
    reviewed_on: Mapped[date]


class SectionStatus(enum.Enum):
    """How far the writing of a personal section has come."""

    pending = "pending"
    ready = "ready"
    failed = "failed"


class PersonalizedProductSection(Base):
    """The paragraph of a product page that is written for one shopper."""

    __tablename__ = "personalized_product_sections"
    __table_args__ = (
        sa.UniqueConstraint("user_id", "product_id"),
        {"comment": "The paragraph of a product page that is written for one shopper"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)
    status: Mapped[SectionStatus] = mapped_column(
        sa.Enum(SectionStatus, name="section_status"), server_default=sa.text("'pending'::section_status")
    )
    content: Mapped[str | None] = mapped_column(sa.Text, comment="Null until the status is ready")
    updated_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now(), comment="Last change of status or content"
    )
