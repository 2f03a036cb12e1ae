"""What a call of an Alembic operation does: the same deeds that SQL text is read into."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from workshop.review import sql
from workshop.review.sql import Deed
from workshop.review.values import Call, Made, Method, Ref, Scope, Text, Unknown, within

EXECUTES = {"execute", "exec_driver_sql", "executemany", "scalar", "scalars"}
CONSTRAINTS = ("create_foreign_key", "create_unique_constraint", "create_check_constraint", "create_primary_key",
               "create_exclude_constraint")  # fmt: skip


@dataclass(frozen=True)
class Column:
    """An sa.Column(...) as far as it can be read. enums: names of the types that creating it would make."""

    name: str
    kind: Any
    made: Made

    @property
    def references(self) -> list[str]:
        keys = [one for one in self.made.args if isinstance(one, Made) and one.name == "ForeignKey"]
        targets = [str(key.args[0]) for key in keys if key.args]
        return [sql.clean(target.rpartition(".")[0].lower()) for target in targets]

    @property
    def enums(self) -> list[str]:
        return [name for one in within(self.kind) if isinstance(one, Made) and (name := implicit_enum(one))]

    @property
    def not_null(self) -> bool:
        return self.made.kwargs.get("nullable") is False or self.made.kwargs.get("primary_key") is True

    @property
    def filled(self) -> bool:
        """The server has a value for the rows that are there."""
        if self.made.kwargs.get("server_default") is not None:
            return True
        return any(isinstance(one, Made) and one.name in ("Identity", "Computed", "Sequence") for one in self.made.args)

    @property
    def type_name(self) -> str:
        return self.kind.name if isinstance(self.kind, Ref | Made) else ""


def implicit_enum(made: Made) -> str:
    """Return the name of the type that an Enum makes by itself in create_table; "" when it makes none."""
    if made.name.lower() != "enum" or made.kwargs.get("create_type") is False:
        return ""
    if made.kwargs.get("native_enum") is False:
        return ""
    return type_of(made)


def type_of(made: Made) -> str:
    """Return the name of the database type behind an Enum or a domain."""
    name = made.kwargs.get("name")
    if name is None and made.args and isinstance(made.args[0], Ref | Scope):
        name = made.args[0].name.lower()
    return sql.clean(str(name).lower()) if name else ""


def column(value: Any) -> Column | None:
    """Read an sa.Column(...) or sa.column(...)."""
    if not isinstance(value, Made) or value.name.lower() != "column":
        return None
    args = list(value.args)
    name = args.pop(0) if args and isinstance(args[0], str) else value.kwargs.get("name", "")
    first = args[0] if args else value.kwargs.get("type_")
    return Column(name if isinstance(name, str) else "", first, value)


def table_name(value: Any) -> str:
    """Return the name of a table given as text, sa.table(...) or sa.Table(...)."""
    if isinstance(value, Made):
        while isinstance(value.base, Made) and value.name.lower() != "table":
            value = value.base
        value = value.args[0] if value.args else ""
    return sql.clean(value.lower()) if isinstance(value, str) else ""


def text_of(value: Any) -> str | Text | None:
    """Return the SQL text behind op.execute's argument; None for a construct or something unknown."""
    while isinstance(value, Made) and value.name in (
        "text",
        "bindparams",
        "columns",
        "DDL",
        "execution_options",
        "SQL",
    ):
        value = (
            value.base if value.name in ("bindparams", "columns", "execution_options") else (value.args or [None])[0]
        )
    return value if isinstance(value, str | Text) else None


def deeds_of(call: Call) -> list[Deed]:
    """Return what one call does to the database; [] when nothing is known to happen."""
    if call.name in EXECUTES:
        return list(_execute(call))
    if call.on_op:
        read = READERS.get(call.name)
        return list(read(call)) if read else list(_own_operation(call))
    if call.name in ("create", "drop") and isinstance(call.receiver, Made):
        return list(_schema_item(call))
    if call.name in ("commit", "rollback") and "nested" not in str(getattr(call.receiver, "name", "")):
        return [Deed("commit")]
    return []


def _execute(call: Call) -> Iterator[Deed]:
    if not call.args:
        return
    what = call.args[0]
    written = text_of(what)
    if written is not None:
        for statement in sql.split(str(written)):
            yield from sql.deeds(statement)
    elif isinstance(what, Made):
        yield from _construct(what)
    else:
        yield Deed("unknown")


def _construct(made: Made) -> Iterator[Deed]:
    """An SQLAlchemy statement: insert(t).values(...), CreateTable(t), sa.select(...)."""
    chain = [made]
    while isinstance(chain[-1].base, Made):
        chain.append(chain[-1].base)
    names = [one.name for one in chain]
    verb = next((one for one in names if one in ("insert", "update", "delete", "select")), "")
    if verb == "select":
        called = [one for one in within(made) if isinstance(one, Made)]
        yield (
            Deed("call", "setval")
            if any(one.name in ("setval", "move_sequences_on") for one in called)
            else Deed("select")
        )
        return
    if verb:
        head = chain[names.index(verb)]
        table = table_name(head.args[0] if head.args else head.base)
        options = {"from_select"} if "from_select" in names else set()
        if "where" in names and any(_one_key(one) for one in within(chain[names.index("where")].args)):
            options.add("one")
        yield Deed(verb, "rows", table=table, options=frozenset(options))
        return
    if found := re.fullmatch(r"(Create|Drop)(Table|Index|Sequence|Schema|View)", made.name):
        name = table_name(made.args[0]) if made.args else ""
        yield Deed(found[1].lower(), found[2].lower(), name, name if found[2] == "Table" else "")
        return
    yield Deed("unknown")


def _one_key(value: Any) -> bool:
    """Tell whether a value is `table.c.id == something that is no column`."""
    if not isinstance(value, Made) or value.name != "Eq":
        return False
    columns = [one for one in value.args if isinstance(one, Method)]
    return len(columns) == 1 and bool(re.fullmatch(r"id|uuid|\w+_id|email|key", columns[0].name))


def _schema_item(call: Call) -> Iterator[Deed]:
    """status.create(op.get_bind()), table.drop(bind) and the like."""
    made = call.receiver
    if made.name.lower() == "enum":
        yield Deed(call.name, "type", type_of(made))
    elif made.name in ("Table", "Index", "Sequence"):
        name = table_name(made)
        yield Deed(call.name, made.name.lower(), name, name if made.name == "Table" else "")


# -- the operations ---------------------------------------------------------------------------------------------------


def _table_argument(call: Call, position: int, name: str = "table_name") -> str:
    """Return the table of an operation; within batch_alter_table it is not given again."""
    if call.batch:
        return table_name(call.batch.args[0] if call.batch.args else call.batch.kwargs.get("table_name"))
    return table_name(call.argument(position, name))


def _after_table(call: Call, position: int, name: str) -> Any:
    return call.argument(position - (call.batch is not None), name)


def _flags(call: Call) -> frozenset[str]:
    given = {
        "concurrently": call.kwargs.get("postgresql_concurrently"),
        "if_exists": call.kwargs.get("if_exists"),
        "if_not_exists": call.kwargs.get("if_not_exists"),
    }
    return frozenset(name for name, value in given.items() if value not in (None, False))


def _create_table(call: Call) -> Iterator[Deed]:
    name = table_name(call.argument(0, "table_name"))
    columns = [found for one in call.args[1:] if (found := column(one))]
    links = [target for one in columns for target in one.references]
    for one in call.args[1:]:
        if isinstance(one, Made) and one.name == "ForeignKeyConstraint" and len(one.args) > 1:
            links += [sql.clean(str(target).rpartition(".")[0].lower()) for target in one.args[1]]
    options = set(_flags(call))
    keys = [one for one in columns if one.name == "id"]
    if keys and keys[0].made.kwargs.get("autoincrement") is not False:
        options.add("numbered")
    prefixes = call.kwargs.get("prefixes") or []
    if any(str(one).upper().startswith("TEMP") for one in prefixes):
        options.add("temporary")
    names = tuple(one.name for one in columns)
    yield Deed("create", "table", name, name, columns=names, options=frozenset(options), links=tuple(links))
    for one in columns:
        for enum in one.enums:
            yield Deed("create", "type", enum, name, options=frozenset({"implicit", f"line {one.made.line}"}))


def _add_column(call: Call) -> Iterator[Deed]:
    table = _table_argument(call, 0)
    found = column(_after_table(call, 1, "column"))
    if not found:
        return
    options = set(_flags(call))
    options |= {"not_null"} if found.not_null else set()
    options |= {"default"} if found.filled else set()
    options |= {f"type {found.type_name}"}
    yield Deed("create", "column", found.name, table, options=frozenset(options), links=tuple(found.references))
    if found.made.kwargs.get("index") or found.made.kwargs.get("unique"):
        yield Deed("create", "index", "", table, columns=(found.name,), options=frozenset({"inline"}))
    for enum in found.enums:
        yield Deed("create", "type", enum, table, options=frozenset({"implicit", f"line {found.made.line}"}))


def _alter_column(call: Call) -> Iterator[Deed]:
    table, name = _table_argument(call, 0), _after_table(call, 1, "column_name")
    name = name.lower() if isinstance(name, str) else ""
    if new := call.kwargs.get("new_column_name"):
        yield Deed("rename", "column", name, table, str(new).lower())
    changes = {"nullable", "server_default", "type_"} & set(call.kwargs)
    if changes:
        options = frozenset({"not_null"} if call.kwargs.get("nullable") is False else ())
        yield Deed("alter", "column", name, table, options=options)


def _rename_table(call: Call) -> Iterator[Deed]:
    yield Deed("rename", "table", table_name(call.argument(0, "old_table_name")),
               to=table_name(call.argument(1, "new_table_name")))  # fmt: skip


def _drop_table(call: Call) -> Iterator[Deed]:
    name = table_name(call.argument(0, "table_name"))
    yield Deed("drop", "table", name, name, options=_flags(call))


def _drop_column(call: Call) -> Iterator[Deed]:
    yield Deed("drop", "column", _name(_after_table(call, 1, "column_name")), _table_argument(call, 0),
               options=_flags(call))  # fmt: skip


def _create_index(call: Call) -> Iterator[Deed]:
    options = set(_flags(call))
    if isinstance(using := call.kwargs.get("postgresql_using"), str):
        options.add(f"using {using}")
    columns = _after_table(call, 2, "columns")
    names = tuple(_name(one) for one in columns) if isinstance(columns, list | tuple) else ()
    yield Deed("create", "index", _name(call.argument(0, "index_name")), _table_argument(call, 1), columns=names,
               options=frozenset(options))  # fmt: skip


def _build_index(call: Call) -> Iterator[Deed]:
    using = call.kwargs.get("using") or call.kwargs.get("method") or call.kwargs.get("postgresql_using")
    options = {"approved"} | ({f"using {using}"} if isinstance(using, str) else set())
    yield Deed("create", "index", _name(call.argument(0, "name")), table_name(call.argument(1, "table")),
               options=frozenset(options))  # fmt: skip


def _drop_index(call: Call) -> Iterator[Deed]:
    yield Deed("drop", "index", _name(call.argument(0, "index_name")), options=_flags(call))


def _create_constraint(call: Call) -> Iterator[Deed]:
    name = call.argument(0, "constraint_name")
    options = {"unnamed", "explicit"} if name is None else set()
    # in batch mode the source table is left out
    referent = _after_table(call, 2, "referent_table") if call.name == "create_foreign_key" else None
    at = 3 if call.name == "create_foreign_key" else 2
    columns = _after_table(call, at, "local_cols" if at == 3 else "columns")
    if call.name == "create_check_constraint":
        condition = text_of(_after_table(call, 2, "condition"))
        columns = re.findall(r"\w+", str(condition or ""))
    names = tuple(_name(one) for one in columns) if isinstance(columns, list | tuple) else ()
    yield Deed("create", "constraint", _name(name), _table_argument(call, 1), columns=names,
               options=frozenset(options), links=(table_name(referent),) if referent else ())  # fmt: skip


def _drop_constraint(call: Call) -> Iterator[Deed]:
    name = call.argument(0, "constraint_name")
    options = _flags(call) | ({"unnamed", "explicit"} if name is None else set())
    yield Deed("drop", "constraint", _name(name), _table_argument(call, 1), options=frozenset(options))


def _bulk_insert(call: Call) -> Iterator[Deed]:
    rows = call.argument(1, "rows")
    options = {"values"}
    if isinstance(rows, list | tuple) and rows and not any(isinstance(one, Unknown) for one in rows):
        options.add("few" if len(rows) <= 100 else "many")
        if isinstance(rows[0], dict):
            options |= {f"number {key}" for key, value in rows[0].items() if type(value) is int}
    yield Deed("insert", "rows", table=table_name(call.argument(0, "table")), options=frozenset(options))


def _copy_csv(call: Call) -> Iterator[Deed]:
    yield Deed("insert", "rows", table=table_name(call.argument(1, "table")))
    yield Deed("call", "setval")  # it moves the sequences on by itself


def _remove_csv(call: Call) -> Iterator[Deed]:
    yield Deed("delete", "rows", table=table_name(call.argument(1, "table")))


def _own_operation(call: Call) -> Iterator[Deed]:
    """An operation that somebody registered: create_extension, drop_graph, remove_embeddings ..."""
    name = _name(call.argument(0, "name"))
    if found := re.fullmatch(r"create_(\w+)", call.name):
        yield Deed("create", found[1], name)
    elif found := re.fullmatch(r"(?:drop|remove)_(?:built_)?(\w+)", call.name):
        yield Deed("drop", found[1], name)
    elif call.name in ("embed", "load", "seed"):
        yield Deed("insert", "rows", table=table_name(call.argument(0, "table")), options=frozenset({"own"}))


def _name(value: Any) -> str:
    return sql.clean(value.lower()) if isinstance(value, str) else ""


def _copy_documents(call: Call) -> Iterator[Deed]:
    yield from (Deed("insert", "rows", table=table) for table in ("documents", "document_products", "chunks"))
    yield Deed("call", "setval")  # it moves the sequences on by itself


def _score_sentiment(call: Call) -> Iterator[Deed]:
    for table in (call.argument(0, "table"), call.argument(1, "mentions")):
        yield Deed("insert", "rows", table=table_name(table), options=frozenset({"own"}))


def _remove_documents(call: Call) -> Iterator[Deed]:
    yield from (Deed("delete", "rows", table=table) for table in ("documents", "document_products", "chunks"))


READERS: dict[str, Callable[[Call], Iterator[Deed]]] = {
    "create_table": _create_table,
    "drop_table": _drop_table,
    "rename_table": _rename_table,
    "add_column": _add_column,
    "drop_column": _drop_column,
    "alter_column": _alter_column,
    "create_index": _create_index,
    "drop_index": _drop_index,
    "build_index": _build_index,
    "drop_constraint": _drop_constraint,
    "bulk_insert": _bulk_insert,
    "copy_csv": _copy_csv,
    "remove_csv": _remove_csv,
    "copy_documents": _copy_documents,
    "remove_documents": _remove_documents,
    "score_sentiment": _score_sentiment,
    "create_table_comment": lambda call: iter(()),
    "drop_table_comment": lambda call: iter(()),
} | dict.fromkeys(CONSTRAINTS, _create_constraint)
