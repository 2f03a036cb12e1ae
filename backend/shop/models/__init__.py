"""The shop's tables as SQLAlchemy models: what the database looks like at head.

`alembic check` compares them with the database that the revisions built. They describe the present; a revision
describes one change in the past, and therefore imports nothing from here.
"""

from shop.models.base import Base
from shop.models.catalog import Feature, Product, ProductFeature, ProductImage, Variant, VariantAttribute
from shop.models.documents import Chunk, Document, DocumentProduct
from shop.models.embeddings import ChunkEmbedding, ProductPassage, ReviewEmbedding
from shop.models.focus import Dimension, FocusGroup, FocusGroupDimensionWeight
from shop.models.imports import ImportRefusal
from shop.models.people import PersonalizedProductSection, Review, SectionStatus, User
from shop.models.sample import Sample
from shop.models.sentiment import ReviewMention, ReviewSentiment

__all__ = [
    "Base",
    "Chunk",
    "ChunkEmbedding",
    "Dimension",
    "Document",
    "DocumentProduct",
    "Feature",
    "FocusGroup",
    "FocusGroupDimensionWeight",
    "ImportRefusal",
    "PersonalizedProductSection",
    "Product",
    "ProductFeature",
    "ProductImage",
    "ProductPassage",
    "Review",
    "ReviewEmbedding",
    "ReviewMention",
    "ReviewSentiment",
    "Sample",
    "SectionStatus",
    "User",
    "Variant",
    "VariantAttribute",
]
