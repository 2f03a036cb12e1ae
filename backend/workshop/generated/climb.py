"""One climb of a fresh database from empty to the last step, looked at before and after each.

What the pages show of a database was seen here. A climb takes seconds, minutes where the model has not read the texts
yet, and a server. So it is made only when something that it follows from has changed; `made_from` is what a check
compares instead.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from shop import ai, database
from shop.errors import ExplainedError
from shop.operations.seed import data_path
from shop.settings import BACKEND, DATA, Settings
from workshop import beside, chain, server, steps, xray
from workshop.chain import BASE, Step
from workshop.xray import Difference, Snapshot


class ClimbError(ExplainedError):
    """The pages cannot be made from what a climb would show here."""


@dataclass(frozen=True)
class Label:
    """A label of a graph at the last step.

    kind: "vertex" or "edge"; ends: the labels of vertices that an edge joins, (from, to), empty for a vertex;
    properties: name to the kind of its values, as JSON calls it.
    """

    graph: str
    name: str
    kind: str
    rows: int
    ends: tuple[tuple[str, str], ...]
    properties: Mapping[str, str]


@dataclass(frozen=True)
class State:
    """A database at a step: its X-ray, and how often each sentiment stands in each table that has some."""

    seen: Snapshot
    sentiments: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Climb:
    """What was seen: a state for "base" and one for each step, in their order; the labels of the graph at the end."""

    states: tuple[State, ...]
    labels: tuple[Label, ...]

    @property
    def head(self) -> State:
        return self.states[-1]

    def difference(self, step: Step) -> Difference:
        """Return what a step changed."""
        number = chain.steps().index(step)
        return xray.compare(self.states[number].seen, self.states[number + 1].seen)

    def at(self, step: Step) -> State:
        """Return the state right after a step."""
        return self.states[chain.steps().index(step) + 1]


@functools.cache
def climbed() -> Climb:
    """Climb on the reader's server, once for all pages; it is started when it is down."""
    return climb(server.ensure())


def climb(settings: Settings) -> Climb:
    """Climb on a database beside the one in the settings, and drop it again.

    Raises:
        ClimbError: see require_local.
        BesideError, StepError: there can be no second database, or a step fails.
    """
    require_local()
    with beside.fresh(settings, BASE) as place:
        states = [look(place)]
        for step in chain.steps():
            steps.upgrade(place, step.name)
            states.append(look(place))
        with database.connect(place) as connection:
            return Climb(tuple(states), tuple(_labels(connection, states[-1].seen)))


def require_local() -> None:
    """Refuse to show what others could not repeat.

    Raises:
        ClimbError: another provider than the local model is chosen, or other data than the repository's.
    """
    if ai.chosen() != "local":
        raise ClimbError(
            f"The pages show what the local model makes, and AI_PROVIDER is {ai.chosen()}: unset it for this command."
        )
    if data_path("").resolve() != DATA:
        raise ClimbError("The pages show what is made from data/, and SHOP_DATA names another folder: unset it.")


def look(settings: Settings) -> State:
    """Look at a database."""
    with database.connect(settings) as connection:
        seen = xray.snapshot(connection)
        tables = [
            str(fields["table"])
            for (kind, name), fields in sorted(seen.items.items())
            if kind == "column" and name.endswith(".sentiment")
        ]
        return State(seen, {table: _sentiments(connection, table) for table in tables})


def made_from(upto: Step) -> bytes:
    """Return a hash of all that the database at a step follows from: revisions, operations, models' work, data."""
    files = [
        *(step.revision for step in chain.upto(upto.name)),
        BACKEND / "alembic" / "env.py",
        *sorted((BACKEND / "shop" / "operations").glob("*.py")),
        *sorted(path for path in (BACKEND / "shop" / "ai").iterdir() if path.is_file()),
        *sorted((BACKEND / "workshop" / "xray").glob("*.py")),
        Path(__file__),
        *sorted(DATA.glob("*.csv")),
        *sorted((DATA / "documents").glob("*.md")),
    ]
    return hash_of(files)


def hash_of(files: list[Path]) -> bytes:
    """Return a hash of the names and contents of files."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.digest()


def _sentiments(connection: sa.Connection, table: str) -> dict[str, int]:
    # The name comes from the X-ray, quoted by the server.
    rows = connection.exec_driver_sql(
        f"SELECT sentiment, count(*) AS number FROM {table} GROUP BY sentiment ORDER BY sentiment"  # noqa: S608
    )
    return {row.sentiment: row.number for row in rows}


# -- the graph: which labels an edge joins, and which properties a label has ------------------------------------------


def _labels(connection: sa.Connection, seen: Snapshot) -> Iterator[Label]:
    quoted = connection.dialect.identifier_preparer.quote_identifier
    for (kind, name), fields in sorted(seen.items.items()):
        graph, _, label = name.partition(".")
        if kind == "graph" and not label.startswith("_ag_label_"):
            table, vertices = f"{quoted(graph)}.{quoted(label)}", f"{quoted(graph)}._ag_label_vertex"
            ends = _ends(connection, table, vertices) if fields["label"] == "edge" else ()
            yield Label(graph, label, fields["label"], fields["rows"], ends, _properties(connection, table))


def _ends(connection: sa.Connection, table: str, vertices: str) -> tuple[tuple[str, str], ...]:
    rows = connection.exec_driver_sql(
        f"""
        SELECT DISTINCT f.relname, t.relname FROM ONLY {table} e
        JOIN {vertices} a ON a.id OPERATOR(ag_catalog.=) e.start_id
        JOIN {vertices} b ON b.id OPERATOR(ag_catalog.=) e.end_id
        JOIN pg_class f ON f.oid = a.tableoid JOIN pg_class t ON t.oid = b.tableoid ORDER BY 1, 2
        """  # noqa: S608
    )
    return tuple((str(start), str(end)) for start, end in rows)


def _properties(connection: sa.Connection, table: str) -> dict[str, str]:
    rows = connection.exec_driver_sql(
        f"""
        SELECT p.key, string_agg(DISTINCT jsonb_typeof(p.value), ' or ' ORDER BY jsonb_typeof(p.value)) AS kinds
        FROM ONLY {table} e CROSS JOIN LATERAL jsonb_each(e.properties::text::jsonb) p
        GROUP BY p.key ORDER BY p.key
        """  # noqa: S608
    )
    return {row.key: row.kinds for row in rows}
