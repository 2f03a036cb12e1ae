"""Embed the catalog

Revision ID: 0006_embed_catalog
Revises: 0005_seed_focus_groups

A vector for every passage of every product and for every review: 384 numbers that place a text near the texts that
mean about the same. A product's text is longer than the model reads, so it is cut at its sentences into passages of
up to some 200 tokens, each with the product's name in front; the best passage then speaks for its product. Beside each
vector stands who made it, and of what.

The vectors live in tables of their own, so that a product or a review may be inserted without one: product_passages
and review_embeddings. They belong together, because a search asks both with one vector, made by one model. Whoever
deletes a product deletes its passages. The downgrade drops both tables; the vectors can be computed again. With
AI_PROVIDER=azure it also takes the address and the key of Azure out of the database, if an upgrade put them there.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from pgvector.sqlalchemy import Vector

revision: str = "0006_embed_catalog"
down_revision: str | None = "0005_seed_focus_groups"
branch_labels: str | None = None
depends_on: str | None = None

DIMENSIONS = 384

# A product as sentences: its description, then each line of its specifications, then what is in the box. A sentence
# longer than some 250 characters is cut between two words. Where the running length passes the next multiple of a
# passage's share, a passage ends; all passages of a product are about equally long.
PASSAGES = r"""
    WITH told AS (
        SELECT id AS product_id, name, category, concat_ws(E'\n', description,
            (SELECT string_agg(format('%s: %s.', key, value), E'\n' ORDER BY key COLLATE "C")
             FROM jsonb_each_text(specifications)),
            'In the box: ' || nullif(array_to_string(in_the_box, ', '), '') || '.') AS text
        FROM products
    ), pieces AS (
        SELECT product_id, row_number() OVER (PARTITION BY product_id ORDER BY s.n, p.n) AS n, p.found[1] AS piece
        FROM told CROSS JOIN regexp_split_to_table(text, '(?<=[.!?])\s+|\n+') WITH ORDINALITY AS s (sentence, n)
        CROSS JOIN regexp_matches(sentence, '\S.{0,250}\S{0,60}', 'g') WITH ORDINALITY AS p (found, n)
    ), measured AS (
        SELECT *, sum(length(piece) + 1) OVER (PARTITION BY product_id ORDER BY n) - length(piece) / 2 AS middle,
               sum(length(piece) + 1) OVER (PARTITION BY product_id) AS total
        FROM pieces
    ), shared AS (
        SELECT *, floor(middle * ceil(total / 650.0) / total) AS share FROM measured
    ), passages AS (
        SELECT product_id, share, string_agg(piece, ' ' ORDER BY n) AS passage FROM shared GROUP BY product_id, share
    )
    SELECT product_id, row_number() OVER (PARTITION BY product_id ORDER BY share) AS position,
           format('%s (%s). %s', name, category, passage) AS text
    FROM passages JOIN told USING (product_id)
"""

REVIEWS = r"""
    SELECT id AS review_id, concat_ws(E'\n', title, body) AS text, md5(concat_ws(E'\n', title, body)) AS text_md5
    FROM reviews
"""


def provenance() -> list[sa.Column]:
    """The vector, and who made it when."""
    return [
        sa.Column("embedding", Vector(DIMENSIONS), nullable=False, comment="Unit length; compare by cosine, <=>"),
        sa.Column("provider", sa.String(20), nullable=False, comment="Where the model ran: local or azure"),
        sa.Column("model", sa.String(80), nullable=False, comment="Vectors of two models cannot be compared"),
        sa.Column("dimension", sa.SmallInteger, nullable=False, comment="How many numbers the vector has"),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    ]


def upgrade() -> None:
    op.create_extension("vector")
    op.create_table(
        "product_passages",
        sa.Column("product_id", sa.Integer, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False, comment="1 is the beginning of the product's text"),
        sa.Column("text", sa.Text, nullable=False, comment="What the model read, with the product's name in front"),
        *provenance(),
        sa.PrimaryKeyConstraint("product_id", "position", name="pk_product_passages"),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_product_passages_product_id_products", ondelete="CASCADE"
        ),
        comment="Pieces of the products' texts, each with its vector",
    )
    op.create_table(
        "review_embeddings",
        sa.Column("review_id", sa.Integer, nullable=False),
        sa.Column("text_md5", sa.String(32), nullable=False, comment="Of the text that the model read, title and body"),
        *provenance(),
        sa.PrimaryKeyConstraint("review_id", name="pk_review_embeddings"),
        sa.ForeignKeyConstraint(
            ["review_id"], ["reviews.id"], name="fk_review_embeddings_review_id_reviews", ondelete="CASCADE"
        ),
        comment="A vector for each review",
    )
    op.embed("product_passages", key="product_id position", source=PASSAGES, keep="text", dimensions=DIMENSIONS)
    op.embed("review_embeddings", key="review_id", source=REVIEWS, keep="text_md5", dimensions=DIMENSIONS)


def downgrade() -> None:
    op.drop_table("review_embeddings")
    op.drop_table("product_passages")
    op.drop_extension("vector")
    op.clear_ai_settings()
