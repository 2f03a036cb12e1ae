"""op.copy_csv and op.remove_csv: a CSV export into a table by COPY and set-based SQL, and out again.

    op.copy_csv(
        "reviews.csv", "reviews",
        fields="id product_id rating body",                   # the header, exactly
        refuse={"rating is not 1 to 5": "rating !~ '^[1-5]$'"},  # reason: SQL that is true of a row to refuse
        columns={"id": "id::integer", "rating": "rating::smallint", ...},  # table column: SQL over the fields
        key="id",                                             # the first row with a key stays, later ones are refused
        references={"product_id": "products.id"},             # a row that points nowhere is refused
    )

Every field arrives as text in a temporary table `staged`; the SQL of `refuse` and `columns` is written over its
columns. Rows are refused for the first reason that fits, in this order: number of fields, `refuse` in its order, `key`,
`references`. Refused rows go to import_refusals with file, line, raw text and reason; nothing is lost. Identity
sequences of the table are moved past the highest key. The SQL fragments are the revision's own code and are trusted
like any other statement of it; what comes from the file is only ever data.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations

from shop.operations.csv_file import records
from shop.operations.seed import RemoveError, data_path, move_sequences_on, pointing_to

log = logging.getLogger("alembic.operations.copy_csv")

BLOCK = 1 << 18  # characters sent to the server at once
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # stands for NUL, which PostgreSQL's text cannot hold


@Operations.register_operation("copy_csv")
class CopyCsv(MigrateOperation):
    """Load data/<file> into a table; see the module's text for the arguments."""

    def __init__(
        self,
        file: str,
        table: str,
        *,
        fields: str,
        columns: Mapping[str, str],
        key: str,
        refuse: Mapping[str, str] | None = None,
        references: Mapping[str, str] | None = None,
    ) -> None:
        self.file, self.table = file, table
        self.fields, self.key = fields.split(), key.split()
        self.columns, self.refuse, self.references = dict(columns), dict(refuse or {}), dict(references or {})

    @classmethod
    def copy_csv(cls, operations: Operations, file: str, table: str, **options: Any) -> None:
        """Load a file of `data` into a table, and its refused rows into import_refusals.

        Args:
            fields: the file's header, divided by spaces.
            columns: column of the table to the SQL over the fields that makes its value.
            key: the columns that tell a row, divided by spaces; a later row with a key that was there is refused.
            refuse: reason to the SQL that is true of a row to be refused for it; the first that fits counts.
            references: column to "table.column"; a row whose value is not there is refused.

        Raises:
            CsvError: the file is missing, empty, has another header, or is not UTF-8; nothing was changed.
        """
        operations.invoke(cls(file, table, **options))


@Operations.register_operation("remove_csv")
class RemoveCsv(MigrateOperation):
    """Take out of a table the rows that op.copy_csv put in; rows of other origin stay."""

    def __init__(self, file: str, table: str, *, fields: str, columns: Mapping[str, str], key: str) -> None:
        self.file, self.table = file, table
        self.fields, self.columns, self.key = fields.split(), dict(columns), key.split()

    @classmethod
    def remove_csv(cls, operations: Operations, file: str, table: str, **options: Any) -> None:
        """Delete the rows that op.copy_csv of the same file put in, by key; rows of other origin stay.

        Args:
            fields, key: those that op.copy_csv was given.
            columns: the same, or at least those of the key.

        Raises:
            RemoveError: rows of other origin depend on a row that would go; nothing was changed.
        """
        operations.invoke(cls(file, table, **options))


@Operations.implementation_for(CopyCsv)
def load(operations: Operations, plan: CopyCsv) -> None:
    """Stage, refuse, insert, keep the refusals, move the sequences on."""
    run = operations.execute
    _stage(operations, plan.file, plan.fields)
    run(_refuse_by_rule(plan))
    run(_refuse_repeated(plan))
    for column, target in plan.references.items():
        run(_refuse_pointing_nowhere(plan, column, *target.split(".")))
    accepted = STAGED.c.reason.is_(None)
    into = sa.table(plan.table, *(sa.column(name) for name in plan.columns))
    values: list[sa.Label[Any]] = [
        sa.literal_column(expression).label(name) for name, expression in plan.columns.items()
    ]
    run(into.insert().from_select(list(plan.columns), sa.select(*values).where(accepted)))
    if not operations.migration_context.as_sql:
        _recall_raw(operations.get_bind(), plan)
    kept = sa.select(sa.literal(plan.file, sa.Text), STAGED.c.line, STAGED.c.raw, STAGED.c.reason)
    run(REFUSALS.insert().from_select(["file", "line", "raw", "reason"], kept.where(~accepted).order_by(STAGED.c.line)))
    move_sequences_on(operations, plan.table)
    if not operations.migration_context.as_sql:
        given, refused = (
            operations.get_bind().execute(sa.text("SELECT count(*), count(reason) FROM pg_temp.staged")).one()
        )
        log.info("%s: %s rows given, %s accepted, %s refused", plan.file, given, given - refused, refused)
    run("DROP TABLE pg_temp.staged")


@Operations.implementation_for(RemoveCsv)
def unload(operations: Operations, plan: RemoveCsv) -> None:
    """Delete by key the rows of the file that were not refused, then their refusals."""
    run = operations.execute
    _stage(operations, plan.file, plan.fields)
    of_this_file = REFUSALS.c.file == sa.literal(plan.file, sa.Text)
    run(STAGED.update().values(reason=REFUSALS.c.reason).where(of_this_file, REFUSALS.c.line == STAGED.c.line))
    table = sa.table(plan.table, *(sa.column(name) for name in plan.key))
    keys: Any = sa.select(*(sa.literal_column(plan.columns[name]).label(name) for name in plan.key))
    seeded = keys.where(STAGED.c.reason.is_(None)).subquery("seeded")
    same_key = [table.c[name] == seeded.c[name] for name in plan.key]
    if not operations.migration_context.as_sql:
        _require_unused(operations.get_bind(), plan, seeded)
    run(table.delete().where(*same_key))
    run(REFUSALS.delete().where(of_this_file))
    move_sequences_on(operations, plan.table)
    run("DROP TABLE pg_temp.staged")


STAGED = sa.table(
    "staged",
    sa.column("line", sa.Integer),
    sa.column("width", sa.Integer),
    sa.column("raw", sa.Text),
    sa.column("reason", sa.Text),
    schema="pg_temp",
)
REFUSALS = sa.table(
    "import_refusals", *(sa.column(name, kind) for name, kind in
                         (("file", sa.Text), ("line", sa.Integer), ("raw", sa.Text), ("reason", sa.Text)))
)  # fmt: skip


# -- staging -------------------------------------------------------------------------------------------------


# Room for a million staged rows, taken as it is needed. PostgreSQL refuses the change where the session has used a
# temporary table already; then the usual 8 MB have to do, and only the speed differs.
_KEEP_STAGED_IN_MEMORY = """
    DO $$ BEGIN SET temp_buffers = '512MB'; EXCEPTION WHEN invalid_parameter_value THEN NULL; END $$
"""


def _stage(operations: Operations, file: str, fields: list[str]) -> None:
    """Make pg_temp.staged and COPY the file into it: its fields as text, and line, width, raw for the refusals."""
    # For this transaction only: the keys of a million rows are sorted in memory.
    operations.execute("SET LOCAL work_mem = '128MB'")
    operations.execute(_KEEP_STAGED_IN_MEMORY)
    columns = [sa.Column(name, sa.Text) for name in fields]
    bookkeeping = [sa.Column(c.name, c.type) for c in STAGED.c]
    staged = sa.Table("staged", sa.MetaData(), *bookkeeping, *columns, prefixes=["TEMPORARY"],
                      postgresql_on_commit="DROP")  # fmt: skip
    operations.execute(sa.schema.CreateTable(staged))
    quote = operations.get_context().dialect.identifier_preparer.quote
    names = ", ".join(["line", "width", "raw", *map(quote, fields)])
    copy = f"COPY pg_temp.staged ({names}) FROM STDIN (FORMAT csv)"
    if operations.migration_context.as_sql:  # psql reads the rows from the script itself
        rows = "".join(_blocks(file, fields, with_raw=True))
        operations.migration_context.impl.static_output(f"{copy};\n{rows}\\.")
        return
    connection = operations.get_bind()
    with connection.connection.cursor() as cursor, cursor.copy(copy) as stream:  # type: ignore[attr-defined]
        for block in _blocks(file, fields, with_raw=False):
            stream.write(block)
    operations.execute("ANALYZE pg_temp.staged (line)")


def _recall_raw(connection: sa.Connection, plan: CopyCsv) -> None:
    """Read the raw text of the refused rows from the file again; to stage it for every row would double the room."""
    lines = set(connection.scalars(sa.select(STAGED.c.line).where(STAGED.c.reason.is_not(None))))
    if not lines:
        return
    found = [(line, _without_nul(raw)) for line, raw, _ in records(data_path(plan.file), plan.fields) if line in lines]
    recalled = sa.text(
        "UPDATE pg_temp.staged SET raw = recalled.raw FROM unnest(CAST(:lines AS integer[]), CAST(:raws AS text[])) "
        "AS recalled (line, raw) WHERE staged.line = recalled.line"
    )
    connection.execute(recalled, {"lines": [line for line, _ in found], "raws": [raw for _, raw in found]})


def _without_nul(text: str) -> str:
    return text.replace("\0", UNKNOWN) if "\0" in text else text


def _blocks(file: str, fields: list[str], with_raw: bool) -> Iterator[str]:
    """Yield CSV text for COPY: three fields of ours, then the record's own; nothing where their number is wrong."""
    nothing, width = "," * len(fields), len(fields)
    rows: list[str] = []
    size = 0
    for line, raw, values in records(data_path(file), fields):
        text = _without_nul(raw)
        kept = '"' + text.replace('"', '""') + '"' if with_raw else ""
        own = "," + _unambiguous(text, values) if len(values) == width else nothing
        rows.append(f"{line},{len(values)},{kept}{own}\n")
        size += len(text)
        if size > BLOCK:
            yield "".join(rows)
            rows, size = [], 0
    yield "".join(rows)


def _unambiguous(text: str, values: list[str]) -> str:
    """Return a record such that PostgreSQL reads the values that Python read.

    They differ over a quotation mark inside a value: 3.5" disk, unquoted, begins a quoted field for PostgreSQL.
    """
    if '"' in text and any('"' in value for value in values):
        doubled = (_without_nul(value).replace('"', '""') for value in values)
        return ",".join(f'"{value}"' for value in doubled)
    return text


# -- refusing ------------------------------------------------------------------------------------------------


def _refuse_by_rule(plan: CopyCsv) -> sa.Update:
    """The first rule that a row breaks is its reason. CASE keeps the order, so a rule may rely on those before it."""
    wanted = len(plan.fields)
    width = sa.func.concat("has ", STAGED.c.width, f" fields instead of {wanted}")
    rules: list[Any] = [
        (sa.literal_column(f"({condition})"), sa.literal(reason, sa.Text)) for reason, condition in plan.refuse.items()
    ]
    reason = sa.case((STAGED.c.width != wanted, width), *rules)
    return STAGED.update().values(reason=reason).where(reason.is_not(None))


def _refuse_repeated(plan: CopyCsv) -> sa.Update:
    """Of rows with one key the first stays."""
    key: list[Any] = [sa.literal_column(plan.columns[name]) for name in plan.key]
    first = sa.func.min(STAGED.c.line).over(partition_by=key)
    accepted = sa.select(STAGED.c.line, first.label("first")).where(STAGED.c.reason.is_(None)).subquery("seen")
    reason = sa.func.concat(f"repeats the {' and '.join(plan.key)} of line ", accepted.c.first)
    return (
        STAGED.update().values(reason=reason).where(accepted.c.line == STAGED.c.line, accepted.c.first < STAGED.c.line)
    )


def _refuse_pointing_nowhere(plan: CopyCsv, column: str, table: str, target: str) -> sa.Update:
    """A row whose foreign key has no partner is refused; null points nowhere on purpose."""
    value: sa.Label[Any] = sa.literal_column(plan.columns[column]).label("value")
    pointing = sa.select(STAGED.c.line, value).where(STAGED.c.reason.is_(None)).subquery("pointing")
    there = sa.table(table, sa.column(target))
    exists = sa.exists().where(there.c[target] == pointing.c.value)
    reason = sa.func.concat(f"{column} ", pointing.c.value, f" is not in {table}")
    return STAGED.update().values(reason=reason).where(
        pointing.c.line == STAGED.c.line, pointing.c.value.is_not(None), ~exists
    )  # fmt: skip


# -- taking out ----------------------------------------------------------------------------------------------


def _require_unused(connection: sa.Connection, plan: RemoveCsv, seeded: sa.Subquery) -> None:
    """Raise RemoveError when rows still point to what is about to go; they are somebody's own."""
    for child, child_column, parent_column in pointing_to(connection, plan.table):
        if parent_column not in plan.key:
            continue
        rows = sa.table(child, sa.column(child_column))
        using = sa.select(rows.c[child_column]).where(rows.c[child_column].in_(sa.select(seeded.c[parent_column])))
        if found := connection.execute(using.order_by(rows.c[child_column])).scalars().all():
            named = ", ".join(sorted({str(value) for value in found})[:5])
            raise RemoveError(
                f"{len(found)} row(s) of {child} that the import did not bring point to {plan.table} that it did "
                f"({child_column} {named}). Delete them or point them elsewhere, then run the downgrade again; "
                "nothing was changed."
            )
