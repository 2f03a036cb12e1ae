"""The shop's own Alembic operations.

env.py imports this package, and from then on a revision may say `op.copy_csv(...)` without importing the shop. Their
names and arguments are an API: a revision that was applied somewhere calls them forever, so they may gain an
argument but never change what one means.
"""

from shop.operations import ai_settings, copy_csv, copy_documents, embed, extension, graph, index, score_sentiment

__all__ = ["ai_settings", "copy_csv", "copy_documents", "embed", "extension", "graph", "index", "score_sentiment"]
