"""What can go wrong with the embedded server."""

from __future__ import annotations

from shop.errors import ExplainedError


class ServerError(ExplainedError):
    """The embedded server cannot be made, started or stopped; the text says why and what to do."""
