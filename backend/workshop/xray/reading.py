"""One consistent reading of a database."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import sql
from psycopg.pq import TransactionStatus

from workshop.xray import catalog

Item = tuple[str, str]  # (kind, name), for example ("index", "public.ix_reviews_product_id")
Fields = dict[str, Any]

# Columns whose value is the moment of the run, so that two honest runs differ in them. The rule looks at the
# definition, since a value does not tell where it came from: only a timestamp column with this name AND a default of
# now() is left out of a table's content. The column itself, its default and its comment are in the X-ray as any other.
LEFT_OUT = {
    "created_at": "the moment of the INSERT",
    "updated_at": "the moment of the last change",
    "computed_at": "the moment at which a model was asked",
}

# What else no X-ray shows, and why.
NOT_SHOWN = {
    "alembic_version": "the table is made by the first upgrade and stays after `downgrade base`; Snapshot.revision "
    "tells what is in it",
    "vectors": "two machines compute them equal to 1e-4, not to the last bit: type and filled rows enter",
    "shop_ai": "finished work of Azure's models, kept beside the chain as the local model's cache file is: it outlives "
    "rollbacks and downgrades on purpose",
    "graphids": "AGE numbers vertices as they come; a vertex enters by label and properties, an edge by its own and "
    "those of its two ends",
    "physical order": "VACUUM FULL and CLUSTER move rows and change nothing",
    "owners": "two people run the same chain under two names; rights that differ from the owner's usual ones are shown",
    "plpgsql": "every database is born with it",
    "comment on the database": "the workshop writes its own notes there",
    "foreign tables' rows": "they live on another server",
    "rare things": "of publications, operators, casts, collations and foreign servers the X-ray knows that they are "
    "there, not what is inside; of large objects, security labels and subscriptions nothing",
}

_ALEMBICS = "public.alembic_version"
_HOW = "ISOLATION LEVEL REPEATABLE READ READ ONLY"

# How the server writes values and names as text, so that the reader's own settings do not show in the fingerprint.
WRITING = {
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmlbinary": "base64",
    "lc_monetary": "C",
    "quote_all_identifiers": "off",
    "row_security": "off",  # rather an error than a reading without the rows that a policy hides
    "search_path": "pg_catalog",  # every name is written with its schema
}


@dataclass(frozen=True)
class Snapshot:
    """What a database looks like.

    items: (kind, name) to the fields of the thing; the kinds are those of workshop.xray.catalog, and `content` with
    the number of rows and the hash of each table, `vectors` with type (and so dimension) and filled rows of each
    vector column, `graph` with the labels of each graph. Names are quoted as PostgreSQL quotes them.
    revision: what alembic_version holds, None when it is empty or missing.
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
    """Read the database as it is at one moment; what was open stays open, what was not is not left open.

    Args:
        connection: best with no transaction open. In one that is open its own changes are seen too, and one moment is
            seen only if it is REPEATABLE READ.
    """
    with _reading(connection) as cursor:
        items: dict[Item, Fields] = {}
        for kind, query in catalog.QUERIES.items():
            for fields in _rows(cursor, query):
                items[kind, fields.pop("name")] = fields
        for item, fields in _next_values(cursor):
            items[item].update(fields)
        items.update(_contents(cursor))
        items.update(_graphs(cursor))
        revision = _revision(cursor, items)
    return Snapshot({item: fields for item, fields in items.items() if not _is_alembics(item, fields)}, revision)


@contextmanager
def _reading(connection: sa.Connection) -> Iterator[Any]:
    """Give a cursor in a transaction that only reads, or in a savepoint of an open one; take all settings back."""
    driver: Any = connection.connection.driver_connection
    cursor = driver.cursor()
    nested = driver.info.transaction_status != TransactionStatus.IDLE
    if nested:
        begin, back = "SAVEPOINT xray", "ROLLBACK TO SAVEPOINT xray; RELEASE SAVEPOINT xray"
    elif driver.autocommit:  # it would forget SET LOCAL at once: it gets a transaction in so many words
        begin, back = f"BEGIN {_HOW}", "ROLLBACK"
    else:  # the driver itself says BEGIN
        begin, back = f"SET TRANSACTION {_HOW}", "ROLLBACK"
    cursor.execute(begin)
    try:
        cursor.execute(
            "SELECT set_config(name, value, true) FROM unnest(%s::text[], %s::text[]) AS s(name, value)",
            (list(WRITING), list(WRITING.values())),
        )
        yield cursor
    except psycopg.Error as error:  # as whoever handed in SQLAlchemy's connection expects it
        raise sa.exc.DBAPIError.instance(None, None, error, psycopg.Error, dialect=connection.dialect) from error
    finally:
        if not driver.closed:
            cursor.execute(back)
            cursor.close()


def _rows(cursor: Any, query: Any, *parameters: Any) -> list[Fields]:
    cursor.execute(query, parameters or None)
    names = [column.name for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _is_alembics(item: Item, fields: Mapping[str, Any]) -> bool:
    return item[1] == _ALEMBICS or fields.get("table") == _ALEMBICS


def _revision(cursor: Any, items: Mapping[Item, Any]) -> str | None:
    if ("table", _ALEMBICS) not in items:
        return None
    found = _rows(cursor, "SELECT version_num FROM public.alembic_version ORDER BY 1")
    return ", ".join(row["version_num"] for row in found) or None


def _next_values(cursor: Any) -> Iterator[tuple[Item, Fields]]:
    """Yield the number that each sequence gives next; the catalogs do not know it, the sequence itself does."""
    cursor.execute(catalog.SEQUENCES)
    each = [
        sql.SQL(
            "SELECT {name} AS name, last_value + CASE WHEN is_called THEN {increment} ELSE 0 END AS next "
            "FROM {sequence}"
        ).format(name=name, increment=increment, sequence=sql.Identifier(schema, sequence))
        for schema, sequence, name, increment in cursor.fetchall()
    ]
    for row in _rows(cursor, sql.SQL(" UNION ALL ").join(each)) if each else ():
        yield ("sequence", row["name"]), {"next": row["next"]}


def _contents(cursor: Any) -> Iterator[tuple[Item, Fields]]:
    """Yield rows, content hash and makers of every table, and type and filled rows of every vector column."""
    cursor.execute(catalog.CONTENTS, (list(LEFT_OUT),))
    for schema, table, name, columns, vectors, tells_maker in cursor.fetchall():
        more = [_filled(vector[0], number) for number, vector in enumerate(vectors)] + [_MAKERS] * tells_maker
        found = _counted(cursor, sql.Identifier(schema, table), columns, more)
        rows = found["rows"]
        yield ("content", name), {field: found[field] for field in ("rows", "hash", "makers") if field in found}
        for number, (_, column, kind) in enumerate(vectors):
            filled = found[f"filled_{number}"]
            yield ("vectors", f"{name}.{column}"), {"type": kind, "filled": filled, "rows": rows}


# By which models the rows were made, such as "local all-MiniLM-L6-v2".
_MAKERS = sql.SQL("array_agg(DISTINCT concat_ws(' ', v.provider, v.model)) AS makers")


def _filled(column: str, number: int) -> sql.Composable:
    return sql.SQL("count({}) AS {}").format(sql.Identifier("v", column), sql.Identifier(f"filled_{number}"))


def _counted(cursor: Any, table: sql.Composable, columns: Iterable[str], more: Iterable[sql.Composable]) -> Fields:
    """Count the rows of a table and hash them; the table's children count for themselves."""
    row = sql.SQL("ROW({})::text").format(sql.SQL(", ").join(sql.Identifier("v", column) for column in columns))
    return _hashed(cursor, row, sql.SQL("ONLY {} AS v").format(table), more)


def _hashed(cursor: Any, row: sql.Composable, source: sql.Composable, more: Iterable[sql.Composable] = ()) -> Fields:
    """Run one query: the number of rows, their hash and what else is asked.

    The hash is made of the sums of both halves of each row's md5. A sum does not depend on the rows' physical order,
    notices a row that is there twice, and needs neither memory nor sorting. OFFSET 0: each row's md5 is made once.
    """
    asked = [
        sql.SQL("count(*) AS rows"),
        sql.SQL(
            "md5(concat_ws(' ', sum(('x' || substr(h.one, 1, 16))::bit(64)::bigint), "
            "sum(('x' || substr(h.one, 17))::bit(64)::bigint))) AS hash"
        ),
        *more,
    ]
    query = sql.SQL("SELECT {asked} FROM {source} CROSS JOIN LATERAL (SELECT md5({row}) OFFSET 0) AS h(one)")
    return _rows(cursor, query.format(asked=sql.SQL(", ").join(asked), source=source, row=row))[0]


# An edge is told by its two ends; one whose end was deleted by hand dangles, and Cypher fails on it.
_EDGES = """ONLY {label} AS e
    LEFT JOIN {vertices} AS a ON a.id OPERATOR(ag_catalog.=) e.start_id
    LEFT JOIN {vertices} AS b ON b.id OPERATOR(ag_catalog.=) e.end_id"""
_EDGE = """ROW(a.tableoid::regclass, a.properties::text, e.properties::text, b.tableoid::regclass, b.properties::text)
    ::text"""
_DANGLING = "count(*) FILTER (WHERE a.id IS NULL OR b.id IS NULL) AS dangling"


def _graphs(cursor: Any) -> Iterator[tuple[Item, Fields]]:
    """Yield every label of every Apache AGE graph, with its rows and the hash of their content."""
    cursor.execute(catalog.GRAPH_LABELS)
    for graph, label, kind, indexes, comment in cursor.fetchall():
        table = sql.Identifier(graph, label)
        if kind == "vertex":
            found = _hashed(cursor, sql.SQL("v.properties::text"), sql.SQL("ONLY {} AS v").format(table))
        else:
            vertices = sql.Identifier(graph, "_ag_label_vertex")
            source = sql.SQL(_EDGES).format(label=table, vertices=vertices)
            found = _hashed(cursor, sql.SQL(_EDGE), source, [sql.SQL(_DANGLING)])
        yield ("graph", f"{graph}.{label}"), {"label": kind, **found, "own_indexes": indexes, "comment": comment}
