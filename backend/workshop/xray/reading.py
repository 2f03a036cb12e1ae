"""One consistent reading of a database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from psycopg import sql

from workshop.xray import catalog

Item = tuple[str, str]  # (kind, name), for example ("index", "public.ix_reviews_product_id")

# Columns whose value is the moment of the run, so that two honest runs differ in them. Only a timestamp column with
# this name and a default of now() is left out of a table's content; its definition is in the X-ray like any other.
LEFT_OUT = {
    "created_at": "the moment of the INSERT",
    "updated_at": "the moment of the last change",
    "computed_at": "the moment at which a model was asked",
}

# Alembic's own table is told by Snapshot.revision. It is made by the first upgrade and stays after `downgrade base`.
ALEMBICS = "public.alembic_version"

# How the server writes values as text, so that the reader's own settings do not show in the fingerprint.
WRITING = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "search_path": "pg_catalog",  # every name is written with its schema
}


@dataclass(frozen=True)
class Snapshot:
    """What a database looks like.

    items: (kind, name) to the fields of the thing; the kinds are those of workshop.xray.catalog, and `content` with
    the number of rows and the hash of each table, `vectors` with dimension and filled rows of each vector column,
    `graph` with the labels of each graph.
    """

    items: Mapping[Item, Mapping[str, Any]]
    revision: str | None = None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over everything, 64 hexadecimal digits."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the snapshot as JSON, always in the same order."""
        rows = [[kind, name, self.items[kind, name]] for kind, name in sorted(self.items)]
        return json.dumps({"revision": self.revision, "items": rows}, sort_keys=True, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Snapshot:
        """Read what to_json() wrote."""
        read = json.loads(text)
        return cls({(kind, name): fields for kind, name, fields in read["items"]}, read["revision"])

    def names(self, kind: str) -> list[str]:
        """Return the names of all things of a kind, sorted."""
        return sorted(name for found, name in self.items if found == kind)

    def rows(self, table: str) -> int:
        """Return the number of rows of a table; a name without a schema means public. 0 when there is no such table."""
        name = table if "." in table else f"public.{table}"
        return int(self.items.get(("content", name), {}).get("rows", 0))

    def __str__(self) -> str:
        from workshop.xray import show

        return show.snapshot_text(self)

    def _repr_html_(self) -> str:
        from workshop.xray import show

        return show.snapshot_html(self)


def snapshot(connection: sa.Connection) -> Snapshot:
    """Read the database in one transaction that sees one moment; nothing is left open afterwards.

    Args:
        connection: with no transaction open.
    """
    with connection.begin():
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for name, value in WRITING.items():
            connection.execute(sa.select(sa.func.set_config(name, value, True)))
        items: dict[Item, Mapping[str, Any]] = {}
        for kind, query in catalog.QUERIES.items():
            for row in connection.exec_driver_sql(query).mappings():
                fields = dict(row)
                items[kind, fields.pop("name")] = fields
        for name, next_value in _next_values(connection):
            items["sequence", name] = {**items["sequence", name], "next": next_value}
        for read in (_contents, _vectors, _graphs):
            items.update(read(connection, items))
        revision = _revision(connection, items)
        return Snapshot({item: items[item] for item in items if not item[1].startswith(ALEMBICS)}, revision)


def _revision(connection: sa.Connection, items: Mapping[Item, Any]) -> str | None:
    if ("table", ALEMBICS) not in items:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM public.alembic_version ORDER BY 1").scalars().all()
    return ", ".join(found) or None


def _next_values(connection: sa.Connection) -> Iterator[tuple[str, int]]:
    """Yield the number that each sequence would give next; the catalogs do not know it, the sequence itself does."""
    for schema, sequence in connection.exec_driver_sql(catalog.SEQUENCES).all():
        query = sql.SQL(
            "SELECT s.last_value + CASE WHEN s.is_called THEN p.increment_by ELSE 0 END AS next FROM {sequence} s "
            "JOIN pg_sequences p ON p.schemaname = {schema} AND p.sequencename = {name}"
        ).format(sequence=sql.Identifier(schema, sequence), schema=schema, name=sequence)
        yield _name(connection, schema, sequence), _one(connection, query)["next"]


def _contents(connection: sa.Connection, items: Mapping[Item, Any]) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Yield the number of rows and the content hash of every table, vectors and times of the run left out.

    The hash is over the sorted hashes of the rows: it needs little memory and does not depend on their physical order.
    """
    for schema, table, columns in connection.exec_driver_sql(catalog.CONTENT_COLUMNS, (list(LEFT_OUT),)):
        row = sql.SQL(", ").join(map(sql.Identifier, columns))
        query = sql.SQL(
            "SELECT count(*) AS rows, md5(coalesce(string_agg(one, '' ORDER BY one COLLATE \"C\"), '')) AS hash "
            "FROM (SELECT md5(ROW({row})::text) AS one FROM {table}) AS hashes"
        ).format(row=row, table=sql.Identifier(schema, table))
        yield ("content", _name(connection, schema, table)), _one(connection, query)


def _vectors(connection: sa.Connection, items: Mapping[Item, Any]) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Yield the declared dimension and the filled rows of every vector column."""
    for schema, table, column, kind in connection.exec_driver_sql(catalog.VECTOR_COLUMNS):
        query = sql.SQL("SELECT count({column}) AS filled, count(*) AS rows FROM {table}").format(
            column=sql.Identifier(column), table=sql.Identifier(schema, table)
        )
        name = f"{_name(connection, schema, table)}.{_quoted(connection, column)}"
        yield ("vectors", name), {"type": kind, **_one(connection, query)}


def _graphs(connection: sa.Connection, items: Mapping[Item, Any]) -> Iterator[tuple[Item, dict[str, Any]]]:
    """Yield every label of every Apache AGE graph, with its rows and the hash of their content."""
    if not connection.exec_driver_sql("SELECT to_regclass('ag_catalog.ag_label') IS NOT NULL").scalar():
        return
    for graph, label, kind, columns in connection.exec_driver_sql(catalog.GRAPH_LABELS):
        row = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(column)) for column in columns)
        query = sql.SQL(
            "SELECT count(*) AS rows, md5(coalesce(string_agg(one, '' ORDER BY one COLLATE \"C\"), '')) AS hash "
            "FROM (SELECT md5(ROW({row})::text) AS one FROM ONLY {table}) AS hashes"
        ).format(row=row, table=sql.Identifier(graph, label))
        yield ("graph", f"{graph}.{label}"), {"label": kind, **_one(connection, query)}


def _one(connection: sa.Connection, query: sql.Composed) -> dict[str, Any]:
    driver: Any = connection.connection.driver_connection
    cursor = driver.execute(query)
    return dict(zip((column.name for column in cursor.description), cursor.fetchone(), strict=True))


def _name(connection: sa.Connection, schema: str, table: str) -> str:
    return f"{_quoted(connection, schema)}.{_quoted(connection, table)}"


def _quoted(connection: sa.Connection, name: str) -> str:
    """Quote a name only where PostgreSQL would, as the catalog's own functions do."""
    return str(connection.exec_driver_sql("SELECT quote_ident(%s)", (name,)).scalar())
