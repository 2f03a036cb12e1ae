"""Embed the catalog

Revision ID: d19e86
Revises: c08d75

A derived table and its filling: the texts are in the database, and the operation computes the vectors in batches.
"""

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision = "d19e86"
down_revision = "c08d75"
DIMENSIONS = 384


def upgrade():
    op.create_extension("vector")
    op.create_table(
        "product_passages",
        sa.Column("id", sa.Integer, sa.Identity(always=True), primary_key=True),
        sa.Column("product_id", sa.Integer, sa.ForeignKey("products.id"), nullable=False, index=True),
        sa.Column("passage", sa.Text, nullable=False),
        sa.Column("embedding", Vector(DIMENSIONS)),
    )
    op.embed("product_passages", source="passage", into="embedding")


def downgrade():
    op.drop_table("product_passages")
    op.drop_extension("vector")
