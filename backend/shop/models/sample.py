"""The first table anybody makes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base


class Sample(Base):
    """The table of revision 0001. The shop has no use for it; a learner has."""

    __tablename__ = "sample"
    __table_args__ = ({"comment": "The smallest table: made by the first revision, used by nobody"},)

    id: Mapped[int] = mapped_column(sa.Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    created_at: Mapped[datetime] = mapped_column(
        sa.DateTime(timezone=True), server_default=sa.func.now(), comment="When the row was inserted"
    )
