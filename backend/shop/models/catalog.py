"""What the shop sells."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.models.base import Base

# BY DEFAULT, not ALWAYS: the export brings its own keys, and reviews point to products by them.
EXPORT_KEY = sa.Identity(always=False)


class Product(Base):
    """A product, as one page of the shop shows it."""

    __tablename__ = "products"
    __table_args__ = (
        sa.CheckConstraint("price > 0", name="price_positive"),
        sa.UniqueConstraint("brand", "name"),
        {"comment": "What the shop sells; one row for each product page"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(120))
    brand: Mapped[str] = mapped_column(sa.String(60))
    category: Mapped[str] = mapped_column(sa.String(60), index=True)
    price: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2), comment="Euro, with tax; a variant may differ")
    description: Mapped[str] = mapped_column(sa.Text, comment="Plain text; markup is taken out by the import")
    specifications: Mapped[dict[str, Any]] = mapped_column(
        JSONB,
        server_default=sa.text("'{}'::jsonb"),
        comment="Name to value with its unit, as the maker gives them",
    )
    in_the_box: Mapped[list[str]] = mapped_column(
        ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), comment="What the buyer finds when unpacking"
    )
    released_on: Mapped[date | None] = mapped_column(comment="First day of sale; null when the export does not say")

    images: Mapped[list[ProductImage]] = relationship(back_populates="product", order_by="ProductImage.position")
    features: Mapped[list[Feature]] = relationship(secondary="product_features", order_by="Feature.id")
    variants: Mapped[list[Variant]] = relationship(back_populates="product", order_by="Variant.id")


class ProductImage(Base):
    """A drawing of a product."""

    __tablename__ = "product_images"
    __table_args__ = (
        sa.CheckConstraint("position >= 1", name="position_from_one"),
        sa.UniqueConstraint("product_id", "position"),
        {"comment": "Drawings of the products"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)
    path: Mapped[str] = mapped_column(sa.String(200), comment="Relative to data/")
    alt_text: Mapped[str] = mapped_column(sa.Text, comment="What the picture shows, for those who do not see it")
    position: Mapped[int] = mapped_column(sa.SmallInteger, server_default=sa.text("1"), comment="1 is shown first")

    product: Mapped[Product] = relationship(back_populates="images")


class Feature(Base):
    """Something that a product can have and a review can speak of."""

    __tablename__ = "features"
    __table_args__ = (
        sa.UniqueConstraint("name"),
        {"comment": "What a product can have and a review can speak of"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(80))
    description: Mapped[str] = mapped_column(sa.Text)
    dimension_id: Mapped[int | None] = mapped_column(
        sa.ForeignKey("dimensions.id"),
        index=True,
        comment="The side of quality it belongs to; null until somebody says",
    )


class ProductFeature(Base):
    """Which product has which feature."""

    __tablename__ = "product_features"
    __table_args__ = ({"comment": "Which product has which feature"},)

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), primary_key=True)
    # The primary key serves a search by product; a search by feature needs an index of its own.
    feature_id: Mapped[int] = mapped_column(sa.ForeignKey("features.id"), primary_key=True, index=True)


class Variant(Base):
    """A product in one colour, one size, one storage: what can be put into the basket."""

    __tablename__ = "variants"
    __table_args__ = (
        sa.CheckConstraint("price > 0", name="price_positive"),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.UniqueConstraint("sku"),
        {"comment": "What can be put into the basket: a product in one colour, size or storage"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id"), index=True)
    sku: Mapped[str] = mapped_column(sa.String(40), comment="Stock keeping unit, printed on the parcel")
    price: Mapped[Decimal] = mapped_column(sa.Numeric(10, 2), comment="Euro, with tax")
    stock: Mapped[int] = mapped_column(server_default=sa.text("0"), comment="Pieces in the warehouse")

    product: Mapped[Product] = relationship(back_populates="variants")
    attributes: Mapped[list[VariantAttribute]] = relationship(order_by="VariantAttribute.id")


class VariantAttribute(Base):
    """One thing that tells a variant from its siblings."""

    __tablename__ = "variant_attributes"
    __table_args__ = (
        sa.UniqueConstraint("variant_id", "name"),
        {"comment": "What tells a variant from its siblings"},
    )

    id: Mapped[int] = mapped_column(EXPORT_KEY, primary_key=True)
    variant_id: Mapped[int] = mapped_column(sa.ForeignKey("variants.id"), index=True)
    name: Mapped[str] = mapped_column(sa.String(40), comment="Colour, Size, Storage, ...")
    value: Mapped[str] = mapped_column(sa.String(80))
