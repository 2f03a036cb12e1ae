"""R2xx: the Python of a revision. It stands alone, works on sets of rows, and fails aloud."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

from workshop.review import sql
from workshop.review.findings import Hits, rule
from workshop.review.operations import EXECUTES, deeds_of, text_of
from workshop.review.story import Story, line_in
from workshop.review.values import Call, Unknown, within

ALLOWED = {"alembic", "sqlalchemy", "pgvector", "psycopg", "__future__", *sys.stdlib_module_names}
NETWORK = {
    "requests", "httpx", "aiohttp", "urllib3", "openai", "anthropic", "cohere", "boto3", "botocore", "google", "azure",
    "grpc", "paramiko", "websockets", "huggingface_hub", "litellm", "ollama", "mistralai",
    "urllib.request", "http.client", "socket", "ftplib", "smtplib", "imaplib", "telnetlib", "xmlrpc.client",
}  # fmt: skip
HARMLESS = {"KeyError", "ValueError", "IndexError", "TypeError", "AttributeError", "StopIteration", "LookupError",
            "ModuleNotFoundError", "FileNotFoundError", "JSONDecodeError", "UnicodeDecodeError"}  # fmt: skip
WRITTEN_OUT = 10  # single-row statements into one table, one below the other, that are one too many
PLPGSQL_SWALLOW = re.compile(r"(?is)\bWHEN\s+([a-z_]+(?:\s+OR\s+[a-z_]+)*)\s+THEN\s+(?:NULL|RAISE\s+NOTICE[^;]*)\s*;")


@rule(
    "R201",
    "a swallowed exception",
    "Let it raise: Alembic then rolls the revision back and does not record it.",
)
def swallowed_exception(story: Story) -> Hits:
    """An exception that is caught and not raised again lets Alembic record a revision that did not do its work.

    The version number then says that the rows, or the vectors, are there, and nobody looks again. This also holds for
    `contextlib.suppress` and for `EXCEPTION WHEN ... THEN NULL` in PL/pgSQL.
    """
    for node in ast.walk(story.source.tree):
        if isinstance(node, ast.Try):
            works = _touches_database(node.body)
            for handler in node.handlers:
                if not _goes_on_raising(handler) and (works or not _harmless(handler.type)):
                    yield handler.lineno, f"{_caught(handler)} is caught here and not raised again."
        elif isinstance(node, ast.With):
            for item in node.items:
                context = item.context_expr
                if isinstance(context, ast.Call) and ast.unparse(context.func).endswith("suppress"):
                    yield node.lineno, "contextlib.suppress hides the failure of the statements under it."
    for call, statement in _statements(story):
        for found in PLPGSQL_SWALLOW.finditer(" ".join(w.text for w in statement.words if w.kind == "dollar")):
            line = story.source.line_of(found.group().splitlines()[0], line_in(story.source, call, statement.text))
            yield (
                line,
                f"The PL/pgSQL block catches {found[1].lower()} and goes on as if nothing had happened.",
            )


@rule(
    "R202",
    "row by row",
    "Say it as one statement: INSERT ... SELECT, UPDATE ... FROM, execute with a list of rows, op.bulk_insert or COPY.",
)
def row_by_row(story: Story) -> Hits:
    """A loop that sends a statement for each row is slow in proportion to the rows and holds its locks that long.

    Batches are no such loop: a statement that takes many rows at a time, by a range of keys, a LIMIT or a list.
    """
    for calls in (story.up_calls, story.down_calls):
        for call in calls:
            if call.loops and _sends_rows(call) and (_takes_a_row(call) or _takes_a_row_in_while(call)):
                yield call.line, "A statement is sent for each row of a loop."
        yield from _repeated(calls)


@rule(
    "R203",
    "a network call",
    "Fetch outside the migration into a file or a table, and let the revision read that.",
)
def network_call(story: Story) -> Hits:
    """A revision that asks another machine depends on that machine, its price and its answer of the day.

    The transaction and its locks wait for it, a timeout leaves the release half way, and the same revision gives
    another result next year.
    """
    bound: dict[str, int] = {}
    for node in ast.walk(story.source.tree):
        for name, module in _imported(node):
            if _in_network(module):
                bound[name] = getattr(node, "lineno", 1)
    called: set[str] = set()
    for node in ast.walk(story.source.tree):
        if isinstance(node, ast.Call):
            path = ast.unparse(node.func)
            root = next((name for name in bound if path == name or path.startswith(f"{name}.")), "")
            if root:
                called.add(root)
                yield node.lineno, f"{path}() asks the network in the middle of a migration."
    for name, line in bound.items():
        if name not in called:
            yield line, f"{name} is imported, which is there to ask the network."


@rule(
    "R204",
    "live code imported",
    "Copy what the revision needs into it: a table stub with the columns it touches, a constant, a small function.",
)
def live_code(story: Story) -> Hits:
    """A revision that imports the application means something else each time the application changes.

    Two years later the model has lost the column that this revision fills, and a new database cannot be built any
    more. Allowed are alembic, sqlalchemy, pgvector, psycopg and the standard library.
    """
    typing_only = {
        child for node in ast.walk(story.source.tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING") for child in ast.walk(node)
    }  # fmt: skip
    for node in ast.walk(story.source.tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "A relative import ties the revision to code that will change."
            continue
        modules = {module for _, module in _imported(node)}
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            modules = {
                one.value for one in node.args[:1] if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
        for module in sorted(modules):
            if module.partition(".")[0] not in ALLOWED and not _in_network(module):
                line = getattr(node, "lineno", 1)
                yield line, f"{module} is imported, and its code will change after this revision was applied."
                break


@rule(
    "R205",
    "commits by itself",
    "Leave the transaction to Alembic; what cannot run in one goes into `with op.get_context().autocommit_block():`.",
)
def commits_by_itself(story: Story) -> Hits:
    """A commit inside a revision tears its transaction apart.

    What ran before it stays when the rest fails, Alembic does not record the revision, and the next try meets its
    leftovers.
    """
    for act in (*story.up, *story.down):
        if act.deed.verb == "commit":
            yield act.line, "The revision ends the transaction that Alembic keeps for it."


# -- exceptions -------------------------------------------------------------------------------------------------------


def _touches_database(body: list[ast.stmt]) -> bool:
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Attribute):
                on_op = isinstance(node.value, ast.Name) and node.value.id == "op" and node.attr != "f"
                if on_op or node.attr in {*EXECUTES, "bulk_insert", "begin_nested"}:
                    return True
    return False


def _goes_on_raising(handler: ast.ExceptHandler) -> bool:
    """Tell whether every way through the handler, as far as its last statement shows, raises or exits."""
    nodes = [one for statement in handler.body for one in ast.walk(statement)]
    exits = [one for one in nodes if isinstance(one, ast.Call) and ast.unparse(one.func) in ("sys.exit", "op.abort")]
    return bool(exits) or any(isinstance(one, ast.Raise) for one in nodes)


def _harmless(kind: ast.expr | None) -> bool:
    """Tell whether only errors of Python's own values are caught, as in reading a number from a text."""
    if kind is None:
        return False
    names = [ast.unparse(one).rpartition(".")[2] for one in (kind.elts if isinstance(kind, ast.Tuple) else [kind])]
    return all(name in HARMLESS for name in names)


def _caught(handler: ast.ExceptHandler) -> str:
    return ast.unparse(handler.type) if handler.type else "Every exception"


def _statements(story: Story) -> Iterator[tuple[Call, sql.Statement]]:
    for call in (*story.up_calls, *story.down_calls):
        written = text_of(call.args[0]) if call.name in EXECUTES and call.args else None
        if written is not None:
            for statement in sql.split(str(written)):
                yield call, statement


# -- loops ------------------------------------------------------------------------------------------------------------


def _sends_rows(call: Call) -> bool:
    if call.on_op and call.name == "bulk_insert":
        return True
    if call.name not in EXECUTES or not call.args:
        return False
    return any(_is_about_rows(deed, call) for deed in deeds_of(call))


def _is_about_rows(deed: sql.Deed, call: Call) -> bool:
    if deed.verb in ("insert", "update", "delete"):
        return bool(deed.table)  # where the table varies, the loop is over tables
    if deed.verb == "unknown":
        return len(call.args) > 1  # without parameters it may be a script that is sent piece by piece
    return deed.verb == "select" or (deed.verb, deed.sort) == ("call", "cypher")


def _takes_a_row(call: Call) -> bool:
    """Tell whether the statement or its parameters hold a part of the element that a loop over data is at."""
    active = {loop.node for loop in call.loops if loop.kind in ("data", "while")}
    for value in within([call.args, call.kwargs, call.receiver]):
        if isinstance(value, Unknown) and value.kind != "counter" and any(one.node in active for one in value.loops):
            return True
    return False


def _takes_a_row_in_while(call: Call) -> bool:
    """A `while` that puts in one literal row, or names one id, each time round."""
    if call.loops[-1].kind != "while":
        return False
    rows = call.argument(1, "rows") if call.name == "bulk_insert" else None
    if isinstance(rows, list) and len(rows) == 1:
        return True
    return any("one" in deed.options for deed in deeds_of(call))


def _repeated(calls: list[Call]) -> Hits:
    """A loop over a list in the file is fine for tables and types; as a way to put rows into one table it is not."""
    sent: Counter[tuple[Any, ...]] = Counter()
    lines: dict[tuple[Any, ...], int] = {}
    for call in calls:
        if any(loop.kind != "constant" for loop in call.loops) or not _sends_rows(call):
            continue
        for deed in deeds_of(call):
            writes = deed.verb == "insert" or (deed.verb in ("update", "delete") and "one" in deed.options)
            if (writes or (deed.sort == "cypher" and "writes" in deed.options)) and not _is_batch(call, deed):
                # written out one below the other they are no loop, and no better
                key = (call.node if call.loops else None, deed.verb, deed.table)
                sent[key] += 1
                lines.setdefault(key, call.line)
    for key, times in sent.items():
        if times > 1 if key[0] else times >= WRITTEN_OUT:
            yield (
                lines[key],
                f"The list in the file is sent one row at a time: one statement each for {key[2] or 'a row'}.",
            )


def _is_batch(call: Call, deed: sql.Deed) -> bool:
    """Tell whether the statement takes many rows at once: a list of parameters, or INSERT ... SELECT."""
    rows = call.argument(1, "rows")
    if isinstance(rows, list | tuple) and len(rows) > 1 and not isinstance(rows[0], str | int | float):
        return True
    selects = deed.verb == "insert" and not deed.options & {"values", "few"}
    return selects and (bool(deed.text) or "from_select" in deed.options)


# -- imports ----------------------------------------------------------------------------------------------------------


def _imported(node: ast.AST) -> list[tuple[str, str]]:
    """Return (name it is bound to, module) for an import statement; [] for anything else."""
    if isinstance(node, ast.Import):
        return [(alias.asname or alias.name, alias.name) for alias in node.names]
    if isinstance(node, ast.ImportFrom) and not node.level:
        inside = [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names]
        return [(n, full if _in_network(full) else str(node.module)) for n, full in inside]
    return []


def _in_network(module: str) -> bool:
    return any(module == one or module.startswith(f"{one}.") for one in NETWORK)
