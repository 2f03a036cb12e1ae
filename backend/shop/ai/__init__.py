"""Models that turn texts into numbers, and models that read what texts say.

AI_PROVIDER in the environment says where they run: `local` (the default; on this machine, offline) or `azure` (inside
the database, through the azure_ai extension). All that the shop stores of a model's names its provider and model.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from shop.ai.errors import ModelError

if TYPE_CHECKING:
    from shop.ai.azure import Azure, AzureReader
    from shop.ai.local import Local
    from shop.ai.reader import Reader

__all__ = ["PROVIDERS", "ModelError", "chosen", "provider", "text_reader"]

PROVIDERS = ("local", "azure")


def chosen(environ: Mapping[str, str] | None = None) -> str:
    """Return the name of the provider that the settings ask for.

    Raises:
        ModelError: AI_PROVIDER is neither empty nor the name of a provider.
    """
    name = (os.environ if environ is None else environ).get("AI_PROVIDER") or PROVIDERS[0]
    if name not in PROVIDERS:
        raise ModelError(f"AI_PROVIDER is {name!r}: set it to {' or '.join(PROVIDERS)}, or leave it out for local.")
    return name


def provider(environ: Mapping[str, str] | None = None) -> Local | Azure:
    """Return the provider that the settings ask for. A local one loads its model when it is first asked for vectors.

    Raises:
        ModelError: AI_PROVIDER, or a setting of that provider, is missing or wrong.
    """
    if chosen(environ) == "azure":
        from shop.ai.azure import Azure

        return Azure.from_environment(os.environ if environ is None else environ)
    from shop.ai.local import Local

    return Local()


def text_reader(environ: Mapping[str, str] | None = None) -> Reader | AzureReader:
    """Return the reader of the provider that the settings ask for; it finds what texts say of features.

    Raises:
        ModelError: AI_PROVIDER, or a setting of that provider, is missing or wrong.
    """
    if chosen(environ) == "azure":
        from shop.ai.azure import AzureReader

        return AzureReader.from_environment(os.environ if environ is None else environ)
    from shop.ai.reader import Reader

    return Reader()
