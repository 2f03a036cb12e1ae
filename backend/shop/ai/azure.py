"""The provider `azure`: vectors made inside the database, by the azure_ai extension of Azure Database for PostgreSQL.

No text and no vector travels to this machine: one statement takes a batch of texts from a table, has the extension ask
the model, and puts the vectors into another table (shop.ai.in_database). The address and the key of the service are
settings of the extension, made by an administrator or from the environment (shop.ai.azure_settings).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from shop.ai.errors import ModelError

DEPLOYMENT = "AZURE_OPENAI_EMBEDDING_DEPLOYMENT"


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
        if not (model := environ.get(DEPLOYMENT)):
            raise ModelError(
                f"AI_PROVIDER is azure, and {DEPLOYMENT} is not set: write the name of your deployment of an embedding "
                "model there, or set AI_PROVIDER to local."
            )
        return cls(model)

    def require(self, connection: sa.Connection) -> None:
        """Raise ModelError unless the database has the extension's function."""
        here = "SELECT FROM pg_proc WHERE proname = 'create_embeddings' AND pronamespace = to_regnamespace(:schema)"
        if not connection.scalar(sa.text(f"SELECT EXISTS ({here})"), {"schema": "azure_openai"}):
            raise ModelError(
                "AI_PROVIDER is azure, and this database has no azure_openai.create_embeddings: only Azure Database "
                "for PostgreSQL has the extension azure_ai (CREATE EXTENSION azure_ai, once it is allow-listed). "
                "Elsewhere set AI_PROVIDER to local."
            )
