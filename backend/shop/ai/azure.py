"""The provider `azure`: models asked inside the database, by the azure_ai extension of Azure Database for PostgreSQL.

No text and no answer travels to this machine: one statement takes a batch of texts from a table, has the extension ask
the model, and puts the answers into another table (shop.ai.in_database). The address and the key of the service are
settings of the extension, made by an administrator or from the environment (shop.ai.azure_settings).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from shop.ai.errors import ModelError

DEPLOYMENT = "AZURE_OPENAI_EMBEDDING_DEPLOYMENT"
CHAT_DEPLOYMENT = "AZURE_OPENAI_CHAT_DEPLOYMENT"


@dataclass(frozen=True)
class Azure:
    """model: the name of the deployment in Azure OpenAI, which is also what is stored beside each vector."""

    model: str
    dimensions: int = 384
    provider: str = "azure"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Azure:
        """Read the deployment's name.

        Raises:
            ModelError: it is not set.
        """
        return cls(_deployment(environ, DEPLOYMENT, "an embedding model"))

    def require(self, connection: sa.Connection) -> None:
        """Raise ModelError unless the database has the extension's function."""
        _require(connection, "azure_openai.create_embeddings")


@dataclass(frozen=True)
class AzureReader:
    """Two services of Azure: AI Language says how a text sounds, a chat model finds what it speaks of.

    model: what is stored beside the sentiment of a whole text, where the service has no name of its own choosing.
    extractor: the name of the chat model's deployment, which is also what is stored beside a mention.
    """

    extractor: str
    model: str = "Azure AI Language"
    provider: str = "azure"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> AzureReader:
        """Read the deployment's name.

        Raises:
            ModelError: it is not set.
        """
        return cls(_deployment(environ, CHAT_DEPLOYMENT, "a chat model"))

    def require(self, connection: sa.Connection) -> None:
        """Raise ModelError unless the database has the extension's functions."""
        _require(connection, "azure_cognitive.analyze_sentiment")
        _require(connection, "azure_ai.extract")


def _deployment(environ: Mapping[str, str], variable: str, kind: str) -> str:
    if not (name := environ.get(variable)):
        raise ModelError(
            f"AI_PROVIDER is azure, and {variable} is not set: write the name of your deployment of {kind} "
            "there, or set AI_PROVIDER to local."
        )
    return name


def _require(connection: sa.Connection, function: str) -> None:
    schema, _, name = function.partition(".")
    here = "SELECT FROM pg_proc WHERE proname = :name AND pronamespace = to_regnamespace(:schema)"
    if not connection.scalar(sa.text(f"SELECT EXISTS ({here})"), {"schema": schema, "name": name}):
        raise ModelError(
            f"AI_PROVIDER is azure, and this database has no {function}: only Azure Database "
            "for PostgreSQL has the extension azure_ai (CREATE EXTENSION azure_ai, once it is allow-listed). "
            "Elsewhere set AI_PROVIDER to local."
        )
