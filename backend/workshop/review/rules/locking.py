"""R4xx: tables that hold rows and are in use while the migration runs."""

from __future__ import annotations

from workshop.review import squawk
from workshop.review.findings import Hits, rule
from workshop.review.sql import Deed
from workshop.review.story import Act, Story

APPROXIMATE = {"using hnsw", "using ivfflat"}


def is_index(deed: Deed) -> bool:
    return (deed.verb, deed.sort) == ("create", "index")


def loads(act: Act) -> bool:
    """Tell whether rows in number are put in or changed; a short list that stands in the file is not a load."""
    deed = act.deed
    if deed.verb == "update":
        return "one" not in deed.options
    few = "few" in deed.options or ("values" in deed.options and deed.text and not act.call.loops)
    return deed.verb == "insert" and not few and "temporary" not in deed.options


@rule(
    "R401",
    "an index built along with a data load",
    "Build the index in the next revision, after the rows are committed.",
)
def index_with_load(story: Story) -> Hits:
    """Loading rows and building an index are two revisions.

    One transaction that does both holds the index build's lock for as long as the load takes, and when the build fails
    the load is lost as well. An index that is part of a new table's definition, made before its rows, is none of that.
    """
    loaded: dict[str, int] = {}
    for place, act in enumerate(story.up):
        if loads(act):
            loaded.setdefault(act.deed.table, place)
    for place, act in enumerate(story.up):
        deed = act.deed
        if not is_index(deed) or "inline" in deed.options:
            continue
        # a table of our own operation may be unknown: then any index of this revision is meant
        start = min((at for table, at in loaded.items() if table in (deed.table, "")), default=None)
        plain_before = (
            deed.table in story.made and not deed.options & APPROXIMATE and start is not None and place < start
        )
        if start is not None and not plain_before:
            yield act.line, f"The index on {deed.table} is built in the revision that fills the table."


@rule(
    "R402",
    "an index build that blocks",
    "Use op.build_index, or CREATE INDEX CONCURRENTLY inside autocommit_block().",
)
def blocking_index(story: Story) -> Hits:
    """CREATE INDEX without CONCURRENTLY keeps every writer of the table waiting until it is built.

    On a table that the same revision creates nobody waits, and it is right.
    """
    for act in story.up:
        deed = act.deed
        excused = deed.options & {"concurrently", "approved"} or deed.table in story.made or not deed.table
        if is_index(deed) and not excused:
            yield act.line, f"Writers of {deed.table} wait while this index is built."


@rule(
    "R403",
    "CONCURRENTLY inside a transaction",
    "Put it into `with op.get_context().autocommit_block():`, alone in its revision, or use op.build_index.",
)
def concurrently_in_transaction(story: Story) -> Hits:
    """CREATE and DROP INDEX CONCURRENTLY cannot run inside a transaction block, and Alembic opens one.

    PostgreSQL refuses the statement, on the way down as on the way up.
    """
    for act in (*story.up, *story.down):
        if "concurrently" in act.deed.options and act.deed.sort == "index" and not act.call.autocommit:
            yield (
                act.line,
                "CONCURRENTLY is refused inside the transaction that Alembic opens for a revision.",
            )


@rule(
    "R404",
    "NOT NULL on rows that have no value",
    "Add the column nullable, fill it in batches, then set it NOT NULL; or give it a server_default.",
)
def not_null_without_value(story: Story) -> Hits:
    """A NOT NULL column without a server default cannot be added to a table that has rows.

    It works on the developer's empty table and fails on the shop's. `default=` of SQLAlchemy does not help: it is
    Python's, and no row is inserted through Python here. The same holds for a column that is added nullable and set
    NOT NULL without a statement in between that fills it.
    """
    added: dict[tuple[str, str], str] = {}
    for act in story.up:
        deed = act.deed
        if deed.verb in ("update", "unknown", "do") or (deed.verb == "insert" and not deed.table):
            added = {key: "filled" for key, how in added.items() if deed.table in (key[0], "") or how == "filled"}
            continue
        if deed.sort != "column" or not deed.table or deed.table in story.made:
            continue
        key = (deed.table, deed.name)
        if deed.verb == "create" and "default" not in deed.options:
            if "not_null" in deed.options:
                yield act.line, f"Rows of {deed.table} that are there have no value for {deed.name}."
            else:
                added[key] = "empty"
        elif deed.verb == "alter" and "not_null" in deed.options and added.get(key) == "empty":
            yield (
                act.line,
                f"{deed.table}.{deed.name} is set NOT NULL, and nothing has filled it since it was added.",
            )


@rule(
    "R405",
    "a vector index on an empty table",
    "Load the rows first and build the index in a later revision.",
)
def vector_index_on_nothing(story: Story) -> Hits:
    """ivfflat finds its lists by looking at the rows: on a table without rows it finds none.

    The index is valid, is used, and returns bad neighbours for ever.
    """
    filled = {act.deed.table for act in story.up if loads(act)}
    for act in story.up:
        deed = act.deed
        if (
            is_index(deed)
            and "using ivfflat" in deed.options
            and deed.table in story.made - filled
            and "" not in filled
        ):
            yield act.line, f"{deed.table} has no rows yet, so ivfflat learns its lists from nothing."


@rule(
    "R406",
    "a table scanned or rewritten under a lock",
    "Constraint: ADD ... NOT VALID now, VALIDATE CONSTRAINT one revision later; type: a new column, filled in batches.",
)
def scanned_under_lock(story: Story) -> Hits:
    """Some statements read or rewrite the whole table while they hold a lock that readers or writers wait for.

    squawk knows them: a constraint without NOT VALID, a UNIQUE that builds its index on the spot, another column
    type, a volatile default or a stored generated column.
    """
    for found in squawk.look(story.source, story.up):
        if found.rule != "syntax-error":
            sentence = found.message.partition(". ")[0].rstrip(".").replace("`", "")
            yield found.line, f"{sentence} (squawk: {found.rule})."
