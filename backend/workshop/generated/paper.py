"""The revisions on paper: which operations each calls, and what these write with `--sql`. No database is asked."""

from __future__ import annotations

import ast
import functools
import inspect
import io
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import MigrateOperation, Operations
from alembic.script import ScriptDirectory

import shop.operations
from shop.models import Base
from workshop import chain
from workshop.chain import Step


def modules() -> list[ModuleType]:
    """Return the modules of the shop's own operations, in the order in which their package names them."""
    return [getattr(shop.operations, name) for name in shop.operations.__all__]


def operations_of(module: ModuleType) -> dict[str, type[MigrateOperation]]:
    """Return the operations that a module registers: name, such as copy_csv, and class."""
    return {
        name: one
        for one in vars(module).values()
        if inspect.isclass(one) and issubclass(one, MigrateOperation) and one.__module__ == module.__name__
        for name, made in vars(one).items()
        if isinstance(made, classmethod)
    }


@functools.cache
def called(step: Step) -> dict[str, list[str]]:
    """Return the operations that upgrade() and downgrade() call, themselves or by functions of the same file."""
    functions = {node.name: node for node in ast.parse(step.source()).body if isinstance(node, ast.FunctionDef)}
    return {way: list(dict.fromkeys(_calls(functions, way, set()))) for way in ("upgrade", "downgrade")}


def _calls(functions: dict[str, ast.FunctionDef], name: str, seen: set[str]) -> Iterator[str]:
    seen.add(name)
    calls = [node for node in ast.walk(functions[name]) if isinstance(node, ast.Call)]
    for one in sorted((node.func for node in calls), key=lambda node: (node.lineno, node.col_offset)):
        if isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id == "op":
            yield one.attr
        elif isinstance(one, ast.Name) and one.id in functions.keys() - seen:
            yield from _calls(functions, one.id, seen)


def scripts() -> dict[type[MigrateOperation], tuple[Step, str]]:
    """Return for each operation the step that first uses it, and what it then writes with `--sql`."""
    found: dict[type[MigrateOperation], tuple[Step, str]] = {}
    script = ScriptDirectory.from_config(chain.alembic_config())
    for step in chain.steps():
        module = script.get_revision(step.name).module
        for run in (module.upgrade, module.downgrade):
            for kind, text in _written(run):
                found.setdefault(kind, (step, text))
    return found


def _written(run: Any) -> list[tuple[type[MigrateOperation], str]]:
    """Return each operation that a function invokes, with what it writes."""
    paper = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql",
        opts={
            "as_sql": True,
            "output_buffer": paper,
            "literal_binds": True,
            "target_metadata": Base.metadata,
            "transaction_per_migration": True,
        },
        dialect_opts={"paramstyle": "named"},
    )
    found: list[tuple[type[MigrateOperation], str]] = []
    inside = False
    with Operations.context(context) as operations, context.begin_transaction(_per_migration=True):
        invoke = operations.invoke

        def note(operation: MigrateOperation) -> Any:
            nonlocal inside
            if inside:  # one that another one is made of
                return invoke(operation)
            inside, begin = True, paper.tell()
            answer = invoke(operation)
            found.append((type(operation), paper.getvalue()[begin:].strip()))
            inside = False
            return answer

        operations.invoke = note  # type: ignore[method-assign]
        run()
    return found
