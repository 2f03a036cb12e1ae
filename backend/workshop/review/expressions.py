"""Evaluating an expression as far as the file itself tells, without running anything.

Only operators and methods of Python's own constants are carried out. A call of a function of the file is followed; any
other call is noted and becomes a value that says what was called.
"""

from __future__ import annotations

import ast
import inspect
import operator
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from workshop.review.values import (
    CONSTANT,
    Function,
    Hole,
    Loop,
    Made,
    Method,
    Ref,
    Scope,
    Text,
    Unknown,
    is_known,
    loops_of,
    within,
)

LONGEST = 100_000  # what a constant expression may grow to
APPROVED = {
    "quote",
    "quote_identifier",
    "quote_ident",
    "quoted_name",
    "Identifier",
    "format_table",
    "format_column",
}
OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.BitOr: operator.or_,
    ast.BitAnd: operator.and_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
BUILTINS: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        str,
        int,
        float,
        bool,
        len,
        list,
        tuple,
        dict,
        set,
        frozenset,
        sorted,
        min,
        max,
        sum,
        repr,
        abs,
        round,
    )
} | {
    "range": lambda *bounds: list(range(*bounds)[:LONGEST]),
    "reversed": lambda values: list(values)[::-1],
    "enumerate": lambda values, *start: list(enumerate(values, *start)),
    "zip": lambda *values, **options: list(zip(*values, strict=False)),
    # an order that does not change from run to run
    "set": lambda *values: list(dict.fromkeys(*values)),
    "frozenset": lambda *values: list(dict.fromkeys(*values)),
    "any": any,
    "all": all,
}
PURE = {"textwrap.dedent": textwrap.dedent, "inspect.cleandoc": inspect.cleandoc}
BATCHES = ("batch", "chunk", "block", "page", "slice", "range", "window", "interval")
FORMATTING = {"format", "join", "replace", "format_map", "substitute", "safe_substitute"}


class Expressions:
    """Evaluates expressions; what a call does is left to the subclass."""

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        raise NotImplementedError

    def see(self, node: ast.AST | None, scope: Scope) -> Any:
        """Return what is known of an expression's value."""
        if node is None:
            return None
        method = HANDLERS.get(type(node))
        return method(self, node, scope) if method else Unknown()

    def _constant(self, node: ast.Constant, scope: Scope) -> Any:
        return node.value if isinstance(node.value, CONSTANT) else Unknown()

    def _name(self, node: ast.Name, scope: Scope) -> Any:
        return scope.find(node.id)

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Any:
        base = self.see(node.value, scope)
        if isinstance(base, Ref):
            return Ref(f"{base.path}.{node.attr}")
        if isinstance(base, Scope):
            return base.values.get(node.attr, Unknown())
        if isinstance(base, Made) and isinstance(base.base, Scope):  # an instance of a class of the file
            given = {**dict(zip(base.base.fields, base.args, strict=False)), **base.kwargs}
            return given.get(node.attr, base.base.values.get(node.attr, Unknown()))
        if isinstance(base, Made) and node.attr == "name" and base.args and isinstance(base.args[0], str):
            return base.args[0]  # products = sa.table("products", ...); products.name
        if isinstance(base, str) and node.attr == "value":  # a member of an enum of the file
            return base
        return Method(base, node.attr)

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Any:
        base, index = self.see(node.value, scope), self.see(node.slice, scope)
        if isinstance(node.slice, ast.Slice):
            bounds = [self.see(part, scope) for part in (node.slice.lower, node.slice.upper, node.slice.step)]
            if isinstance(base, str | list | tuple) and is_known(bounds):
                return base[slice(*bounds)]
            return Unknown("data", _data_loops(base))  # a batch is no row
        if isinstance(base, dict | list | tuple | str) and is_known(index):
            try:
                return base[index]
            except (KeyError, IndexError, TypeError):
                return Unknown()
        return Unknown("data", _data_loops(base) | loops_of(index))

    def _sequence(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Any:
        values = self._spread(node.elts, scope)
        if isinstance(node, ast.Tuple):
            return tuple(values)
        return values  # a set keeps its written order: that is what a reader sees

    def _spread(self, nodes: Iterable[ast.expr], scope: Scope) -> list[Any]:
        values: list[Any] = []
        for one in nodes:
            if isinstance(one, ast.Starred):
                inner = self.see(one.value, scope)
                values += list(inner) if isinstance(inner, list | tuple | dict) else [Unknown("data", loops_of(inner))]
            else:
                values.append(self.see(one, scope))
        return values

    def _dict(self, node: ast.Dict, scope: Scope) -> Any:
        found: dict[Any, Any] = {}
        for key_node, value_node in zip(node.keys, node.values, strict=True):
            value = self.see(value_node, scope)
            if key_node is None:
                found.update(value if isinstance(value, dict) else {})
                continue
            key = self.see(key_node, scope)
            found[key if isinstance(key, CONSTANT) else Unknown()] = value
        return found

    def _binary(self, node: ast.BinOp, scope: Scope) -> Any:
        left, right = self.see(node.left, scope), self.see(node.right, scope)
        if isinstance(node.op, ast.Add) and _is_text(left, right):
            return text([*_parts(left, node.lineno), *_parts(right, node.lineno)])
        if isinstance(node.op, ast.Mod) and isinstance(left, str | Text) and not is_known(right):
            return _filled(left, right if isinstance(right, tuple) else (right,), node.lineno)
        if isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list):
            return [*left, *right]
        if isinstance(node.op, ast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
            return (*left, *right)
        if isinstance(node.op, ast.BitOr) and isinstance(left, dict) and isinstance(right, dict):
            return left | right
        return self._operate(node.op, left, right)

    def _operate(self, op: ast.AST, *operands: Any) -> Any:
        act = OPERATORS.get(type(op))
        if act is None or not all(map(is_known, operands)) or _too_big(op, operands):
            counters = all(is_known(o) or (isinstance(o, Unknown) and o.kind == "counter") for o in operands)
            return Unknown("counter" if counters else "data", loops_of(operands))
        try:
            return act(*operands)
        except Exception:  # the revision would fail there, too; the review goes on
            return Unknown()

    def _unary(self, node: ast.UnaryOp, scope: Scope) -> Any:
        return self._operate(node.op, self.see(node.operand, scope))

    def _compare(self, node: ast.Compare, scope: Scope) -> Any:
        values = [self.see(one, scope) for one in (node.left, *node.comparators)]
        if is_known(values) and len(values) == 2:
            return self._operate(node.ops[0], *values)
        return Made(type(node.ops[0]).__name__, tuple(values), {}, None, node.lineno)  # users.c.id == 5

    def _boolean(self, node: ast.BoolOp, scope: Scope) -> Any:
        values = [self.see(one, scope) for one in node.values]
        if not is_known(values[:-1]):
            return Unknown("data", loops_of(values))
        wanted = isinstance(node.op, ast.Or)
        return next((value for value in values[:-1] if bool(value) == wanted), values[-1])

    def _choice(self, node: ast.IfExp, scope: Scope) -> Any:
        test = self.see(node.test, scope)
        body, other = self.see(node.body, scope), self.see(node.orelse, scope)
        if is_known(test):
            return body if test else other
        # both are written in the file: either will do to see what is made of it
        return next((value for value in (body, other) if not is_known(value)), body)

    def _joined(self, node: ast.JoinedStr, scope: Scope) -> Any:
        parts: list[str | Hole] = []
        for one in node.values:
            if isinstance(one, ast.FormattedValue):
                parts += _parts(self._formatted(one, scope), one.value.lineno)
            else:
                parts.append(str(self.see(one, scope)))
        return text(parts)

    def _formatted(self, node: ast.FormattedValue, scope: Scope) -> Any:
        value = self.see(node.value, scope)
        spec = self.see(node.format_spec, scope) if node.format_spec else ""
        if node.conversion == ord("r"):
            value = repr(value) if is_known(value) else value
        try:
            return format(value, spec) if is_known(value) and isinstance(spec, str) else value
        except (ValueError, TypeError):
            return Unknown()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope) -> Any:
        results: list[Any] = []
        self._generate(node, list(node.generators), Scope({}, scope), results)
        return dict(results) if isinstance(node, ast.DictComp) else results

    def _generate(self, node: Any, generators: list[ast.comprehension], scope: Scope, results: list[Any]) -> None:
        if not generators:
            if isinstance(node, ast.DictComp):
                key = self.see(node.key, scope)
                results.append((key if isinstance(key, CONSTANT) else Unknown(), self.see(node.value, scope)))
            else:
                results.append(self.see(node.elt, scope))
            return
        first, rest = generators[0], generators[1:]
        for element in self.elements(self.see(first.iter, scope), first, ast.unparse(first.target)):
            self.bind(first.target, element, scope)
            tests = [self.see(test, scope) for test in first.ifs]
            if len(results) < LONGEST and all(test for test in tests if is_known(test)):
                self._generate(node, rest, scope, results)

    def elements(self, iterable: Any, node: ast.AST, target: str) -> list[Any]:
        """Return what a loop over a value meets: its elements, or one that stands for them all."""
        if isinstance(iterable, dict):
            iterable = list(iterable)
        if isinstance(iterable, list | tuple | str) and not loops_of(iterable):
            return list(iterable)
        return [element_of(iterable, Loop(node, "data"), target)]

    def _lambda(self, node: ast.Lambda, scope: Scope) -> Any:
        return Function(node, scope, tuple(self.see(d, scope) for d in node.args.defaults))

    def _named(self, node: ast.NamedExpr, scope: Scope) -> Any:
        value = self.see(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def bind(self, target: ast.AST, value: Any, scope: Scope) -> None:
        """Give a value to a name, to several, or to a key of a dict that the file made."""
        if isinstance(target, ast.Name):
            scope.values[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            unknown = Unknown("data", loops_of(value))
            known = isinstance(value, list | tuple) and len(value) == len(target.elts)
            for number, one in enumerate(target.elts):
                inner = one.value if isinstance(one, ast.Starred) else one
                self.bind(inner, value[number] if known else unknown, scope)
        elif isinstance(target, ast.Subscript):
            base, key = self.see(target.value, scope), self.see(target.slice, scope)
            if isinstance(base, dict):
                base[key if isinstance(key, CONSTANT) else Unknown()] = value


def element_of(iterable: Any, loop: Loop, target: str) -> Any:
    """Return what stands for one element of something that is only known when it runs."""
    name = iterable.name if isinstance(iterable, Made | Method) else ""
    if name == "range":
        return Unknown("counter", frozenset({loop}))
    if name == "enumerate" and isinstance(iterable, Made):
        return Unknown("counter", frozenset({loop})), element_of(iterable.args[0], loop, target)
    if name == "zip" and isinstance(iterable, Made):
        return tuple(element_of(one, loop, target) for one in iterable.args)
    said = f"{name} {target}".lower()
    if name == "partitions" or any(word in said for word in BATCHES):
        return Unknown()
    return Unknown("data", frozenset({loop}))


def _data_loops(value: Any) -> frozenset[Loop]:
    return loops_of(value)


# -- texts -----------------------------------------------------------------------------------------------------------


def text(parts: Iterable[str | Hole]) -> str | Text:
    """Return a str when nothing is missing in it, a Text otherwise."""
    parts = tuple(parts)
    if any(isinstance(part, Hole) for part in parts):
        return Text(parts)
    return "".join(part for part in parts if isinstance(part, str))


def _is_text(left: Any, right: Any) -> bool:
    return isinstance(left, str | Text) or isinstance(right, str | Text)


def _parts(value: Any, line: int) -> list[str | Hole]:
    if isinstance(value, Text):
        return list(value.parts)
    if is_known(value):
        return [str(value)]
    if isinstance(value, list | tuple) and not any(isinstance(v, Unknown | Made) for v in within(value)):
        return [str(value)]
    approved = isinstance(value, Made) and value.name in APPROVED
    return [Hole(value, line, approved or (isinstance(value, Unknown) and value.kind == "counter"))]


def _filled(template: str | Text, values: Iterable[Any], line: int) -> str | Text:
    """Return a template with values put in, in some order: which goes where makes no difference to a review."""
    parts = _parts(template, line)
    for value in values:
        for one in value.values() if isinstance(value, dict) else [value]:
            parts += [" ", *_parts(one, line)]
    return text(parts)


def method_of_constant(base: Any, name: str, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
    """Carry out a method of a str, list, dict ... of the file, or say what is known of its result."""
    if isinstance(base, list | dict) and name in (
        "append",
        "extend",
        "insert",
        "update",
        "setdefault",
        "add",
        "pop",
    ):
        return _mutate(base, name, args)
    if isinstance(base, dict) and name in ("items", "keys", "values", "get", "copy"):
        found = getattr(base, name)(*args)
        return list(found) if name in ("items", "keys", "values") else found
    if is_known(base) and is_known(args) and is_known(kwargs):
        try:
            result = getattr(base, name)(*args, **kwargs)
        except Exception:  # not a method of that constant, or one that fails
            return Unknown()
        return result if is_known(result) else Unknown()
    if isinstance(base, str | Text):
        return _method_of_text(base, name, args, kwargs, line)
    return Unknown("data", loops_of(base, args))


def _method_of_text(base: str | Text, name: str, args: list[Any], kwargs: dict[str, Any], line: int) -> Any:
    if name == "join" and args:
        items = args[0] if isinstance(args[0], list | tuple) else [args[0]]
        parts = [part for item in items for part in [*_parts(base, line), *_parts(item, line)]]
        return text(parts[len(_parts(base, line)) :])
    if name in FORMATTING:
        values = args[1:] if name == "replace" else [*args, *kwargs.values()]
        return _filled(base, values, line)
    return base if isinstance(base, Text) else Unknown("data", loops_of(args))


def _mutate(base: list[Any] | dict[Any, Any], name: str, args: list[Any]) -> Any:
    if len(base) > LONGEST:
        return None
    if isinstance(base, list) and args:
        if name == "append":
            base.append(args[0])
        elif name == "extend":
            base.extend(args[0] if isinstance(args[0], list | tuple) else [Unknown("data", loops_of(args))])
    elif isinstance(base, dict) and args:
        if name == "update" and isinstance(args[0], dict):
            base.update(args[0])
        elif name == "setdefault" and isinstance(args[0], CONSTANT):
            return base.setdefault(args[0], args[1] if len(args) > 1 else None)
    return None if name in ("append", "extend", "update", "add", "insert") else Unknown()


def _too_big(op: ast.AST, operands: tuple[Any, ...]) -> bool:
    if isinstance(op, ast.Mult):
        sizes = [len(o) if isinstance(o, str | bytes | list | tuple) else o for o in operands]
        return any(isinstance(s, int | float) and abs(s) > LONGEST for s in sizes)
    return False


HANDLERS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Constant: Expressions._constant,
    ast.Name: Expressions._name,
    ast.Attribute: Expressions._attribute,
    ast.Subscript: Expressions._subscript,
    ast.List: Expressions._sequence,
    ast.Tuple: Expressions._sequence,
    ast.Set: Expressions._sequence,
    ast.Dict: Expressions._dict,
    ast.BinOp: Expressions._binary,
    ast.UnaryOp: Expressions._unary,
    ast.Compare: Expressions._compare,
    ast.BoolOp: Expressions._boolean,
    ast.IfExp: Expressions._choice,
    ast.JoinedStr: Expressions._joined,
    ast.ListComp: Expressions._comprehension,
    ast.SetComp: Expressions._comprehension,
    ast.GeneratorExp: Expressions._comprehension,
    ast.DictComp: Expressions._comprehension,
    ast.Lambda: Expressions._lambda,
    ast.NamedExpr: Expressions._named,
    ast.Call: lambda self, node, scope: self._call(node, scope),
    ast.Await: lambda self, node, scope: self.see(node.value, scope),
}
