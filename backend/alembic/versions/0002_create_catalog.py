"""Create the catalog

Revision ID: 0002_create_catalog
Revises: 0001_create_sample_table

Ten tables that belong together: none of them is of use without the others, so they are one logical change. Every
foreign key has an index, every rule that the shop relies on is a constraint, and every constraint has a name from
the naming convention, so that the downgrade can count on it.

The downgrade drops the tables with their rows, and the enum type, which would otherwise stay behind.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002_create_catalog"
down_revision: str | None = "0001_create_sample_table"
branch_labels: str | None = None
depends_on: str | None = None

# The type is made and dropped by hand: create_table would make it, but drop_table leaves it behind.
section_status = postgresql.ENUM(name="section_status", create_type=False)


def export_key(name: str = "id") -> sa.Column:
    """A key that the export brings along (BY DEFAULT), and that counts on for rows of our own."""
    return sa.Column(name, sa.Integer, sa.Identity(always=False), nullable=False)


def points_to(table: str, column: str, kind: type = sa.Integer, **options) -> sa.Column:
    """A foreign key column; create_table puts the index on it."""
    return sa.Column(column, kind, sa.ForeignKey(f"{table}.id"), **{"nullable": False, **options})


def upgrade() -> None:
    create_catalog()
    create_people()
    op.create_table(
        "import_refusals",
        sa.Column("file", sa.Text, nullable=False, comment="Name of the CSV file"),
        sa.Column("line", sa.Integer, nullable=False,
                  comment="Line of the file on which the row begins; the header is line 1"),
        sa.Column("raw", sa.Text, nullable=False, comment="The row exactly as the file has it"),
        sa.Column("reason", sa.Text, nullable=False, comment="The rule it broke"),
        sa.PrimaryKeyConstraint("file", "line"),
        comment="Rows of an export that were refused, kept with the reason",
    )  # fmt: skip


def create_catalog() -> None:
    op.create_table(
        "products",
        export_key(),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("brand", sa.String(60), nullable=False),
        sa.Column("category", sa.String(60), nullable=False, index=True),
        sa.Column("price", sa.Numeric(10, 2), nullable=False, comment="Euro, with tax; a variant may differ"),
        sa.Column("description", sa.Text, nullable=False, comment="Plain text; markup is taken out by the import"),
        sa.Column("specifications", postgresql.JSONB, server_default=sa.text("'{}'::jsonb"), nullable=False,
                  comment="Name to value with its unit, as the maker gives them"),
        sa.Column("in_the_box", postgresql.ARRAY(sa.Text), server_default=sa.text("'{}'::text[]"), nullable=False,
                  comment="What the buyer finds when unpacking"),
        sa.Column("released_on", sa.Date, comment="First day of sale; null when the export does not say"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("price > 0", name="price_positive"),
        sa.UniqueConstraint("brand", "name"),
        comment="What the shop sells; one row for each product page",
    )  # fmt: skip
    op.create_table(
        "product_images",
        export_key(),
        points_to("products", "product_id", index=True),
        sa.Column("path", sa.String(200), nullable=False, comment="Relative to data/"),
        sa.Column("alt_text", sa.Text, nullable=False, comment="What the picture shows, for those who do not see it"),
        sa.Column(
            "position",
            sa.SmallInteger,
            server_default=sa.text("1"),
            nullable=False,
            comment="1 is shown first",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("position >= 1", name="position_from_one"),
        sa.UniqueConstraint("product_id", "position"),
        comment="Drawings of the products",
    )
    op.create_table(
        "features",
        export_key(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
        comment="What a product can have and a review can speak of",
    )
    op.create_table(
        "product_features",
        points_to("products", "product_id"),
        points_to("features", "feature_id", index=True),
        sa.PrimaryKeyConstraint("product_id", "feature_id"),
        comment="Which product has which feature",
    )
    op.create_table(
        "variants",
        export_key(),
        points_to("products", "product_id", index=True),
        sa.Column("sku", sa.String(40), nullable=False, comment="Stock keeping unit, printed on the parcel"),
        sa.Column("price", sa.Numeric(10, 2), nullable=False, comment="Euro, with tax"),
        sa.Column(
            "stock",
            sa.Integer,
            server_default=sa.text("0"),
            nullable=False,
            comment="Pieces in the warehouse",
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("price > 0", name="price_positive"),
        sa.CheckConstraint("stock >= 0", name="stock_not_negative"),
        sa.UniqueConstraint("sku"),
        comment="What can be put into the basket: a product in one colour, size or storage",
    )
    op.create_table(
        "variant_attributes",
        export_key(),
        points_to("variants", "variant_id", index=True),
        sa.Column("name", sa.String(40), nullable=False, comment="Colour, Size, Storage, ..."),
        sa.Column("value", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("variant_id", "name"),
        comment="What tells a variant from its siblings",
    )


def create_people() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Uuid, server_default=sa.text("gen_random_uuid()"), nullable=False,
                  comment="Derived from the old shop's key for those it exported"),
        sa.Column("email", sa.String(320), nullable=False, comment="Lower case"),
        sa.Column("hashed_password", sa.String(1024), nullable=False,
                  comment="! means: must be set anew at first login"),
        sa.Column("is_active", sa.Boolean, server_default=sa.true(), nullable=False),
        sa.Column("is_superuser", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("is_verified", sa.Boolean, server_default=sa.false(), nullable=False,
                  comment="The address was confirmed by mail"),
        sa.Column("first_name", sa.String(80)),
        sa.Column("last_name", sa.String(80)),
        sa.Column("profile", sa.Text, comment="What the shopper told about daily life and needs"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("email"),
        comment="Registered shoppers",
    )  # fmt: skip
    op.create_table(
        "reviews",
        export_key(),
        points_to("products", "product_id", index=True),
        points_to("users", "user_id", sa.Uuid, index=True, nullable=True, comment="Null for a guest"),
        sa.Column("author", sa.String(80), comment="The name shown; null for anonymous"),
        sa.Column("rating", sa.SmallInteger, nullable=False, comment="Stars, 1 to 5"),
        sa.Column("title", sa.String(200)),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("reviewed_on", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("rating BETWEEN 1 AND 5", name="rating_one_to_five"),
        comment="What people say about a product",
    )
    op.execute("CREATE TYPE section_status AS ENUM ('pending', 'ready', 'failed')")
    op.create_table(
        "personalized_product_sections",
        export_key(),
        points_to("users", "user_id", sa.Uuid, index=True),
        points_to("products", "product_id", index=True),
        sa.Column("status", section_status, server_default=sa.text("'pending'::section_status"), nullable=False),
        sa.Column("content", sa.Text, comment="Null until the status is ready"),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False,
                  comment="Last change of status or content"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", "product_id"),
        comment="The paragraph of a product page that is written for one shopper",
    )  # fmt: skip


def downgrade() -> None:
    for table in (
        "import_refusals",
        "personalized_product_sections",
        "reviews",
        "users",
        "variant_attributes",
        "variants",
        "product_features",
        "features",
        "product_images",
        "products",
    ):
        op.drop_table(table)
    op.execute("DROP TYPE section_status")
