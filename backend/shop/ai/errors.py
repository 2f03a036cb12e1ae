"""What can go wrong with a model, in plain words."""

from __future__ import annotations

from shop.errors import ExplainedError


class ModelError(ExplainedError):
    """A model cannot be used as it is: its files are missing or damaged, or a setting is wrong."""
