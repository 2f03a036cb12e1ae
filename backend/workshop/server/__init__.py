"""PostgreSQL for someone who has none: started when it is needed, stopped when asked, never anybody else's."""

from workshop.server.address import ensure, stop_ours
from workshop.server.cluster import EmbeddedServer
from workshop.server.errors import ServerError
from workshop.server.place import home_of_this_clone

__all__ = ["EmbeddedServer", "ServerError", "ensure", "home_of_this_clone", "stop_ours"]
