"""What the shop has to read: manuals, policies and guides."""

from __future__ import annotations

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base
from shop.models.catalog import EXPORT_KEY, Product


class Document(Base):
    """A manual, a policy or a guide.

    It is hidden by a time in deleted_at, and stays: `Document.deleted_at.is_(None)` belongs into every query that
    shoppers see.
    """

    __tablename__ = "documents"
    __table_args__ = (
        sa.UniqueConstraint("file"),
        sa.CheckConstraint("kind IN ('manual', 'policy', 'guide')", name="kind_known"),
        sa.CheckConstraint("superseded_by_id <> id", name="superseded_by_another"),
        sa.CheckConstraint(r"title ~ '\S'", name="title_not_empty"),
        sa.CheckConstraint(r"body ~ '\S'", name="body_not_empty"),
        {"comment": "Manuals, policies and guides; one row for each document"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    file: Mapped[str] = mapped_column(sa.Text, comment="Name of the Markdown file; by it a document is known")
    title: Mapped[str] = mapped_column(sa.Text)
    kind: Mapped[str] = mapped_column(sa.String(20), comment="manual, policy or guide")
    effective_from: Mapped[date | None] = mapped_column(
        comment="First day on which it counts; null when it does not say"
    )
    superseded_by_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("documents.id"), index=True, comment="The document that took its place; null while it is in force"
    )
    body: Mapped[str] = mapped_column(sa.Text, comment="Markdown, as written, without the front matter")
    created_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())
    deleted_at: Mapped[datetime | None] = mapped_column(
        sa.DateTime(timezone=True), comment="When the shop hid it; null while it is shown"
    )

    superseded_by: Mapped[Document | None] = relationship(remote_side=[id])
    products: Mapped[list[Product]] = relationship(secondary="document_products", order_by="Product.id")
    chunks: Mapped[list[Chunk]] = relationship(
        back_populates="document", order_by="Chunk.position", cascade="all, delete-orphan", passive_deletes=True
    )


class DocumentProduct(Base):
    """Which products a document is about."""

    __tablename__ = "document_products"
    __table_args__ = ({"comment": "Which products a document is about; none: it is about the whole shop"},)

    document_id: Mapped[int] = mapped_column(sa.ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True)
    # The primary key serves a search by document; a search by product needs an index of its own.
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), primary_key=True, index=True)


class Chunk(Base):
    """A piece of a document: one section, or a part of a long one."""

    __tablename__ = "chunks"
    __table_args__ = (
        sa.UniqueConstraint("document_id", "position"),
        sa.CheckConstraint("position >= 1", name="position_from_one"),
        sa.CheckConstraint(r"heading ~ '\S'", name="heading_not_empty"),
        sa.CheckConstraint(r"body ~ '\S'", name="body_not_empty"),
        {"comment": "The pieces of the documents that a search hands out"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    # The unique constraint begins with it and serves as the index of the foreign key.
    document_id: Mapped[int] = mapped_column(sa.ForeignKey("documents.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(comment="Order within the document, from 1")
    heading: Mapped[str] = mapped_column(sa.Text, comment="Path of the headings above it: Charging > Battery care")
    body: Mapped[str] = mapped_column(sa.Text, comment="Markdown, without the heading")

    document: Mapped[Document] = relationship(back_populates="chunks")
