"""What an import could not take, and why."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from shop.models.base import Base


class ImportRefusal(Base):
    """A row of an export that broke a rule. Nothing is thrown away without a trace."""

    __tablename__ = "import_refusals"
    __table_args__ = ({"comment": "Rows of an export that were refused, kept with the reason"},)

    file: Mapped[str] = mapped_column(sa.Text, primary_key=True, comment="Name of the CSV file")
    line: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="Line of the file on which the row begins; the header is line 1"
    )
    raw: Mapped[str] = mapped_column(sa.Text, comment="The row exactly as the file has it")
    reason: Mapped[str] = mapped_column(sa.Text, comment="The rule it broke")
