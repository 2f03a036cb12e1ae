"""Finding products by what a shopper types: by words, by meaning, by both.

    search(connection, "hybrid", "something for my ears in bed", limit=3)    # a list of Hit, the best first

Four kinds, each one SQL statement: keyword-and, keyword-or, vector and hybrid. Equal scores are ordered by the
product's key, so that the answer never depends on the order in which the rows lie on the disk.
"""

from shop.search.kinds import KINDS, hybrid, keyword_and, keyword_or, search, vector
from shop.search.model import Hit, Settings

__all__ = ["KINDS", "Hit", "Settings", "hybrid", "keyword_and", "keyword_or", "search", "vector"]
