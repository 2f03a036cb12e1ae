"""%%cypher: a query on the graph, as it is written in a book about Cypher.

    %%cypher
    MATCH (p:Product)-[:HAS_FEATURE]->(f:Feature) WHERE p.price < $limit
    RETURN p.name, f.name ORDER BY p.name

Apache AGE wants it wrapped: SELECT * FROM cypher('shop_graph', $$ ... $$, parameters) AS (one agtype, other agtype), in
a session that has loaded the library and has ag_catalog on its search_path. All that is done here, for one transaction:

- The columns are those of RETURN, named by AS, or by what is returned. Rows come back as a pandas DataFrame;
  `name << MATCH ...` keeps them under a name.
- `$name` is the value of the notebook's variable. It travels as a parameter and is never part of the query's text, so
  that no value can become a command.
- Vertices, edges and paths are values of workshop.agtype; `%%cypher --draw` draws all that the rows hold.
- `EXPLAIN MATCH ...` returns the plan, `EXPLAIN ANALYZE` with the time it took.
- `%%cypher other_graph` asks another graph.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg
from IPython.core.magic import Magics, cell_magic, magics_class, needs_local_scope, no_var_expand

from workshop import agtype
from workshop.magics import QueryError, WorkshopConnection, connected

if TYPE_CHECKING:
    from workshop.draw import Drawing

GRAPH = "shop_graph"
DRAW = "--draw"


@dataclass(frozen=True)
class Query:
    """A query in Cypher: its text, the columns of its RETURN, the names of its parameters, the options of EXPLAIN."""

    text: str
    columns: tuple[str, ...]
    parameters: tuple[str, ...]
    explain: str = ""

    def statement(self, graph: str, connection: psycopg.Connection[Any]) -> tuple[str, int]:
        """Return the SQL around the query, with a place for its parameters, and where in it the query begins."""
        tag = next(tag for tag in _tags() if tag not in self.text)
        named = (psycopg.sql.Identifier(name).as_string(connection) for name in self.columns)
        columns = ", ".join(f"{name} ag_catalog.agtype" for name in named)
        explain = f"EXPLAIN ({self.explain}) " if self.explain else ""
        # The query is the learner's own statement; graph and columns, which can be no parameters, are quoted.
        before = f"{explain}SELECT * FROM ag_catalog.cypher({psycopg.sql.quote(graph)}, {tag} "  # noqa: S608
        given = ", $1" if self.parameters else ""
        return f"{before}{self.text} {tag}{given}) AS ({columns})", len(before)


def _tags() -> Iterator[str]:
    """Yield dollar quotes until one is not in the text."""
    yield "$cypher$"
    number = 0
    while True:
        number += 1
        yield f"$cypher{number}$"


# -- reading a query ---------------------------------------------------------------------------------------------------

_PIECE = re.compile(
    r"""(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<comment>//[^\n]*|/\*.*?\*/)"""
    r"""|\$(?P<parameter>[A-Za-z_]\w*)|(?P<word>[A-Za-z_]\w*)|(?P<space>\s+)|(?P<sign>.)""",
    re.DOTALL,
)
_AFTER_RETURN = {"ORDER", "SKIP", "LIMIT", "UNION"}


def parse(text: str) -> Query:
    """Read a query; what is inside strings and comments is only text.

    Raises:
        QueryError: it is empty, or returns *.
    """
    text = text.strip().rstrip(";").rstrip()
    explain = ""
    if found := re.match(r"EXPLAIN(\s+ANALYZE)?\s+", text, re.IGNORECASE):
        explain = f"{'ANALYZE, BUFFERS OFF, TIMING OFF, ' if found[1] else ''}COSTS OFF"
        text = text[found.end() :]
    pieces = [(str(found.lastgroup), found[0]) for found in _PIECE.finditer(text)]
    if not any(kind not in ("space", "comment") for kind, _ in pieces):
        raise QueryError("Nothing to run: the cell holds no query.")
    parameters = dict.fromkeys(piece[1:] for kind, piece in pieces if kind == "parameter")
    return Query(text, tuple(_unique(map(_name, _returned(pieces)))) or ("nothing",), tuple(parameters), explain)


def _returned(pieces: list[tuple[str, str]]) -> list[str]:
    """Return the expressions of the last RETURN (of the first, in a UNION), as they are written."""
    depth, found, inside, before = 0, [""], False, ""
    for kind, piece in pieces:
        if kind == "comment":
            continue
        depth += (piece in "([{") - (piece in ")]}") if kind == "sign" else 0
        word = piece.upper() if kind == "word" and depth == 0 and before != "." else ""
        if word == "RETURN":
            found, inside = [""], True
        elif inside and word in _AFTER_RETURN:
            inside = False
            if word == "UNION":
                break
        elif inside and kind == "sign" and piece == "," and depth == 0:
            found.append("")
        elif inside and not (word == "DISTINCT" and not found[-1].strip()):
            found[-1] += piece
        before = piece if kind != "space" else before
    return [one.strip() for one in found if one.strip()]


def _name(expression: str) -> str:
    """Return the name of a column: what stands after AS; `p.name` as it is; of a call the function's name."""
    if expression == "*":
        raise QueryError("RETURN * does not say which columns there are: name what you want, as in RETURN p, f.")
    if found := re.search(r"\s[Aa][Ss]\s+(`[^`]+`|\w+)$", expression):
        return found[1].strip("`")
    called = re.match(r"(\w+)\s*\(", expression)
    return called[1] if called else re.sub(r"\s+", " ", expression)[:60]


def _unique(names: Iterator[str]) -> Iterator[str]:
    taken: set[str] = set()
    for name in names:
        number, one = 1, name
        while one in taken:
            number += 1
            one = f"{name} {number}"
        taken.add(one)
        yield one


def arguments(query: Query, names: Mapping[str, Any]) -> str | None:
    """Return the query's parameters as JSON, from the notebook's variables; None when it has none.

    Raises:
        QueryError: there is no such variable, or Cypher has no counterpart of its value.
    """
    found = {}
    for name in query.parameters:
        if name not in names:
            raise QueryError(
                f'There is no variable "{name}" in this notebook for ${name}. Run the cell that makes it, or put the '
                "dollar into quotes if no variable is meant."
            )
        found[name] = names[name]
    try:
        return json.dumps(found, ensure_ascii=False, default=_plain) if found else None
    except TypeError as error:
        raise QueryError(f"{error}: Cypher knows text, numbers, true and false, null, lists and maps.") from None


def _plain(value: Any) -> Any:
    """Return what JSON knows for a value of numpy or pandas."""
    if hasattr(value, "tolist"):
        return value.tolist()
    raise TypeError(f"A value of the type {type(value).__name__} cannot be a parameter")


# -- the magic ---------------------------------------------------------------------------------------------------------


@magics_class
class Cypher(Magics):  # type: ignore[misc]
    """%%cypher; see the module."""

    @needs_local_scope
    @no_var_expand
    @cell_magic("cypher")
    def cypher(
        self, line: str = "", cell: str = "", local_ns: dict[str, Any] | None = None
    ) -> pd.DataFrame | Drawing | None:
        """Run a query; return its rows, or a drawing of what they hold.

        Raises:
            QueryError: the query or the connection failed; nothing of the cell was kept.
            DrawError: nothing that can be drawn was returned.
        """
        words = line.split()
        graph = next((word for word in words if word != DRAW), GRAPH)
        name, text = _kept(cell)
        query = parse(text)
        rows = run(connected(), query, graph, arguments(query, {**self.shell.user_ns, **(local_ns or {})}))
        if name:
            self.shell.user_ns[name] = rows
            return None
        if DRAW in words:
            from workshop import draw

            return draw.graph([] if rows is None else rows, _title(query))
        return rows


def _kept(cell: str) -> tuple[str, str]:
    """Return the name in front of `<<`, if there is one, and the query."""
    found = re.match(r"\s*([A-Za-z_]\w*)\s*<<(.*)", cell, re.DOTALL)
    return (found[1], found[2]) if found else ("", cell)


def _title(query: Query) -> str:
    return " ".join(query.text.split())[:90]


def run(connection: WorkshopConnection, query: Query, graph: str, parameters: str | None) -> pd.DataFrame | None:
    """Run a query as one transaction and return its rows; None for one that returns nothing.

    Raises:
        QueryError: with the place in the query, and a hint where the cause is known.
    """
    raw = connection.raw
    statement, begins = query.statement(graph, raw)
    try:
        with raw.transaction(), psycopg.RawCursor(raw) as cursor:
            # A function of AGE's loads its library, also for users who may not LOAD; the path finds its operators.
            cursor.execute(
                "SELECT ag_catalog.agtype_build_map(), set_config('search_path', 'public, ag_catalog', true)"
            )
            cursor.execute(statement, [parameters] if parameters is not None else None)
            names = [column.name for column in cursor.description or ()]
            found = cursor.fetchall() if names else []
            hint = "" if found else _nothing_found(cursor, query, graph)
    except psycopg.Error as error:
        raise QueryError(_explained(error, query, graph, begins)) from None
    if query.explain:
        return pd.DataFrame(found, columns=["plan"])
    if hint:
        print(hint)
    if query.columns == ("nothing",):
        return None
    return pd.DataFrame([[agtype.read(value) for value in row] for row in found], columns=names)


# -- plain words -------------------------------------------------------------------------------------------------------

_LABELS = """
    SELECT c.relname::text FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND c.relkind = 'r' AND NOT pg_catalog.starts_with(c.relname::text, '_ag_label_')
    ORDER BY c.relname
"""


def _nothing_found(cursor: Any, query: Query, graph: str) -> str:
    """Say why there may be no rows: a label that the graph does not have is no error to AGE."""
    if query.columns == ("nothing",):
        return "Done."
    labels = [row[0] for row in cursor.execute(_LABELS, [graph])]
    unknown = [name for name in _labels_in(query.text) if name not in labels]
    if unknown:
        return f"No rows. The graph has no label {', '.join(unknown)}; it has {', '.join(labels) or 'none'}."
    return "No rows."


def _labels_in(text: str) -> list[str]:
    """Return the labels that a pattern names: what follows a colon in round or square brackets."""
    bare = _PIECE.sub(lambda found: " " if found.lastgroup in ("string", "comment") else found[0], text)
    bare = re.sub(r"\{[^{}]*\}", " ", bare)  # in a map a colon stands before a value
    return list(dict.fromkeys(re.findall(r"[(\[]\s*\w*\s*:\s*(\w+)", bare)))


def _explained(error: psycopg.Error, query: Query, graph: str, begins: int) -> str:
    """Return the server's message, the place in the query that it points to, and a hint."""
    said = error.diag.message_primary or str(error).strip()
    lines = [said, *_place(error, query, begins)]
    for known, hint in _HINTS:
        if found := re.search(known, f"{said}\n{query.text}", re.DOTALL):
            lines.append(hint.format(*found.groups(), graph=graph))
            break
    return "\n".join(lines)


def _place(error: psycopg.Error, query: Query, begins: int) -> list[str]:
    at = int(error.diag.statement_position or 0) - begins - 1
    if "ag_catalog" in str(error.diag.message_primary) or not 0 <= at < len(query.text):
        return []
    before = query.text[:at]
    line = query.text.splitlines()[before.count("\n")]
    return [line, " " * len(before.rpartition("\n")[2]) + "^"]


# What is said, and after it the query -> what the reader needs to know. The first match wins.
_HINTS = (
    (r"graph \"[^\"]*\" does not exist", "Is the database at 0013_build_graph or later? `workshop status` tells."),
    (r"schema \"ag_catalog\" does not exist|cross-database references",
     "Apache AGE is not in this database: 0013_build_graph brings it, and `workshop doctor` says what it needs."),
    (r"permission denied for schema ag_catalog",
     "Have an administrator run GRANT USAGE ON SCHEMA ag_catalog TO your user; `workshop doctor` says more."),
    (r"could not find rte for (\w+)",
     "There is no variable {0} in the pattern. A label alone, as in (:Product), names nothing: write ({0}:Product)."),
    (r"variable `?(\w+)`? does not exist", "There is no variable {0}: name one in the pattern, as in ({0}:Product)."),
    (r"syntax error at or near \"\|\"",
     "Apache AGE has no choice of labels, :A|B: leave the label out and say WHERE label(x) IN ['A', 'B']."),
    (r"syntax error.*\b(?:shortestPath|allShortestPaths)\b",
     "Apache AGE has no shortestPath: MATCH path = (a)-[*1..4]-(b) RETURN path ORDER BY length(path) LIMIT 1."),
    (r"syntax error.*\bCALL\s*\{{?", "Apache AGE has no CALL {{...}}: write it as one query, with WITH."),
    (r"function (date|datetime|time|localdatetime|duration) does not exist",
     "Apache AGE has no dates: keep them as text, 2026-11-21, which sorts as dates do."),
    (r"function (\w+) does not exist", "Apache AGE does not know {0}(); its functions are a part of Cypher's."),
    (r"return row and column definition list do not match",
     "The columns of RETURN could not be counted: give each a name, as in RETURN p.name AS name."),
)  # fmt: skip
