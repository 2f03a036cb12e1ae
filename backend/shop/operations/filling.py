"""What operations have in common that have a model fill a table from texts.

Such an operation has a query, `source`, with a row for each text: the key, the `text`, and what else is kept beside the
model's answer. The rows of the table answer for the source as it was when they were made; which of them no longer do,
and which are missing, can be asked at any time, and the operation can be run again.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from alembic.operations import MigrateOperation

from shop.operations import batches


class Filling(MigrateOperation):
    """A table that a model fills.

    table: its name; key, keep: the columns that are copied from the source; what is kept tells when a text has changed.
    source: the query; texts: its columns that the model reads, and a row of which one is blank is left out. Names and
        source are a revision's own code, trusted like any other statement of it.
    """

    table: str
    source: str
    key: Sequence[str]
    keep: Sequence[str]
    texts: Sequence[str] = ("text",)

    def missing(self, name: str) -> batches.Missing:
        """Return what is to be done, to be listed as the temporary table `name`."""
        return batches.Missing(name, self.table, self.key, self.source, self.texts)

    def maker(self) -> tuple[str, str]:
        """Return the provider and the model that would fill it now, as they would stand beside each row."""
        raise NotImplementedError

    def state(self) -> sa.TextClause:
        """Return a query with one row: how many rows are filled, are missing, are stale."""
        return _sql(
            f"SELECT (SELECT count(*) FROM {self.table}) AS filled, "  # noqa: S608
            f"(SELECT count(*) FROM (SELECT {self._key} FROM {self._told} EXCEPT SELECT {self._key} FROM {self.table}) "
            f"AS missing) AS missing, (SELECT count(*) FROM ({self._stale}) AS stale) AS stale"
        )

    def makers(self) -> sa.TextClause:
        """Return a query for who filled the table: provider and model, a row each."""
        return _sql(f"SELECT DISTINCT provider, model FROM {self.table} ORDER BY 1, 2")  # noqa: S608

    def remove_stale(self) -> sa.TextClause:
        """Return the statement that deletes the rows whose text is another one now, or is gone."""
        same = " AND ".join(f"made.{name} = stale.{name}" for name in self.key)
        return _sql(f"DELETE FROM {self.table} AS made USING ({self._stale}) AS stale WHERE {same}")  # noqa: S608

    @property
    def _key(self) -> str:
        return ", ".join(self.key)

    @property
    def _told(self) -> str:
        """The rows of the source that can be read."""
        return f"(SELECT * FROM ({self.source}) AS source WHERE {self.readable}) AS told"  # noqa: S608

    @property
    def readable(self) -> str:
        """The condition that a row can be read."""
        return self.missing("").readable

    @property
    def _stale(self) -> str:
        columns = ", ".join([*self.key, *self.keep])
        return f"SELECT {columns} FROM {self.table} EXCEPT SELECT {columns} FROM {self._told}"  # noqa: S608


def _sql(statement: str) -> sa.TextClause:
    return sa.text(statement.replace(":", "\\:"))
