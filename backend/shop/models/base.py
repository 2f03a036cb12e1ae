"""The base of every model."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase

# Every constraint has a name that can be guessed. Without it PostgreSQL invents one, Alembic does not know it,
# and the downgrade that has to drop it cannot be written.
NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}


class Base(DeclarativeBase):
    """Knows the naming convention and the tables."""

    metadata = sa.MetaData(naming_convention=NAMING_CONVENTION)
