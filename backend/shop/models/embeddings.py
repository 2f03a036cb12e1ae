"""Texts as vectors: the nearer two of them, the more alike is what the texts mean."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from numpy.typing import NDArray
from pgvector.sqlalchemy import Vector
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base

DIMENSIONS = 384


def _nearest(table: str) -> sa.Index:
    """An HNSW index for the nearest by cosine."""
    return sa.Index(
        f"ix_{table}_embedding",
        "embedding",
        postgresql_using="hnsw",
        postgresql_ops={"embedding": "vector_cosine_ops"},
        postgresql_with={"m": 16, "ef_construction": 64},
    )


class Embedded:
    """A vector, and who made it when."""

    embedding: Mapped[NDArray] = mapped_column(  # type: ignore[type-arg]
        Vector(DIMENSIONS), comment="Unit length; compare by cosine, <=>"
    )
    provider: Mapped[str] = mapped_column(sa.String(20), comment="Where the model ran: local or azure")
    model: Mapped[str] = mapped_column(sa.String(80), comment="Vectors of two models cannot be compared")
    dimension: Mapped[int] = mapped_column(sa.SmallInteger, comment="How many numbers the vector has")
    computed_at: Mapped[datetime] = mapped_column(sa.DateTime(timezone=True), server_default=sa.func.now())


class ProductPassage(Embedded, Base):
    """A piece of a product's text."""

    __tablename__ = "product_passages"
    __table_args__ = (
        _nearest("product_passages"),
        {"comment": "Pieces of the products' texts, each with its vector"},
    )

    product_id: Mapped[int] = mapped_column(sa.ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(
        sa.SmallInteger, primary_key=True, comment="1 is the beginning of the product's text"
    )
    text: Mapped[str] = mapped_column(sa.Text, comment="What the model read, with the product's name in front")


class ReviewEmbedding(Embedded, Base):
    """The vector of a review."""

    __tablename__ = "review_embeddings"
    __table_args__ = (
        _nearest("review_embeddings"),
        {"comment": "A vector for each review"},
    )

    review_id: Mapped[int] = mapped_column(sa.ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True)
    text_md5: Mapped[str] = mapped_column(sa.String(32), comment="Of the text that the model read, title and body")


class ChunkEmbedding(Embedded, Base):
    """The vector of a document's chunk, in two halves: title with heading, and body."""

    __tablename__ = "chunk_embeddings"
    __table_args__ = (
        sa.Index(
            "ix_chunk_embeddings_embedding",
            "embedding",
            postgresql_using="ivfflat",
            postgresql_ops={"embedding": "vector_cosine_ops"},
            postgresql_with={"lists": 15},
        ),
        {"comment": "A vector for each chunk of a document"},
    )

    chunk_id: Mapped[int] = mapped_column(sa.ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True)
    text_md5: Mapped[str] = mapped_column(sa.String(32), comment="Of what the model read: title, heading and body")
    embedding: Mapped[NDArray] = mapped_column(  # type: ignore[type-arg]
        Vector(2 * DIMENSIONS),
        comment="Title with heading, then body; unit length; compare by cosine, <=>, with a question twice",
    )
