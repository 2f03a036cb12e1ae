"""The workshop's own PostgreSQL, for someone who has none.

runtime  builds the program tree: PostgreSQL and pgvector from a wheel, Apache AGE from Debian
cluster  runs one data folder: start, stop, where it answers
ours     knows whose server an address names, and keeps backend/.env
"""

from workshop.server.cluster import EmbeddedServer, ServerError
from workshop.server.ours import ensure, stop_ours

__all__ = ["EmbeddedServer", "ServerError", "ensure", "stop_ours"]
