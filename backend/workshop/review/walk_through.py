"""Walking through upgrade() and downgrade() without running them, and noting each call that may touch the database.

Both branches of an undecided `if` are walked, a loop over a list that stands in the file is walked element by element,
any other loop once, and a function of the file is entered where it is called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from workshop.review.expressions import BUILTINS, PURE, Expressions, method_of_constant
from workshop.review.values import (
    Call,
    Function,
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

DEEPEST = 12  # functions entered from functions
MOST = 60  # elements of one list in the file that are walked
LONGEST_WALK = 30_000  # statements; a revision that takes more is walked through in part


class WalkThrough(Expressions):
    """Walks one revision. calls: what was met since the last `enter`."""

    def __init__(self, tree: ast.Module) -> None:
        self.calls: list[Call] = []
        self.loops: list[Loop] = []
        self.guards: list[str] = []
        self.autocommit = 0
        self.depth = 0
        self.steps = 0
        self.globals = Scope({"__file__": Unknown(), "__name__": "revision"})
        self.block(tree.body, self.globals)

    def enter(self, name: str) -> list[Call]:
        """Walk through a function of the module and return the calls met on the way."""
        self.calls = []
        function = self.globals.values.get(name)
        if isinstance(function, Function):
            self._enter(function, [], {})
        return self.calls

    # -- statements ---------------------------------------------------------------------------------------------------

    def block(self, body: list[ast.stmt], scope: Scope) -> bool:
        """Walk statements in order; tell whether they certainly ended by return, raise, break or continue."""
        self.steps += len(body)
        if self.steps > LONGEST_WALK:
            return True
        return any(STATEMENTS.get(type(node), WalkThrough._other)(self, node, scope) for node in body)

    def _other(self, node: ast.stmt, scope: Scope) -> bool:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.see(child, scope)
        return isinstance(node, ast.Raise | ast.Break | ast.Continue)

    def _return(self, node: ast.Return, scope: Scope) -> bool:
        value = self.see(node.value, scope)
        scope.values["return"] = value if "return" not in scope.values else Unknown("data", loops_of(value))
        return True

    def _assign(self, node: ast.Assign, scope: Scope) -> bool:
        value = self.see(node.value, scope)
        for target in node.targets:
            self.bind(target, value, scope)
        return False

    def _annotated(self, node: ast.AnnAssign, scope: Scope) -> bool:
        if node.value is not None:
            self.bind(node.target, self.see(node.value, scope), scope)
        return False

    def _augmented(self, node: ast.AugAssign, scope: Scope) -> bool:
        as_value = ast.BinOp(left=_loaded(node.target), op=node.op, right=node.value)
        value = self.see(ast.copy_location(as_value, node), scope)
        self.bind(node.target, value, scope)
        return False

    def _import(self, node: ast.Import, scope: Scope) -> bool:
        for alias in node.names:
            scope.values[alias.asname or alias.name.partition(".")[0]] = Ref(
                alias.name if alias.asname else alias.name.partition(".")[0]
            )
        return False

    def _import_from(self, node: ast.ImportFrom, scope: Scope) -> bool:
        for alias in node.names:
            scope.values[alias.asname or alias.name] = Ref(f"{node.module or ''}.{alias.name}")
        return False

    def _function(self, node: ast.FunctionDef, scope: Scope) -> bool:
        defaults = tuple(self.see(one, scope) for one in node.args.defaults)
        kw_defaults = tuple(self.see(one, scope) for one in node.args.kw_defaults)
        scope.values[node.name] = Function(node, scope, defaults, kw_defaults)
        return False

    def _class(self, node: ast.ClassDef, scope: Scope) -> bool:
        fields = tuple(
            one.target.id for one in node.body if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        )
        inner = Scope({}, scope, fields, node.name)
        self.block([one for one in node.body if isinstance(one, ast.Assign | ast.AnnAssign)], inner)
        scope.values[node.name] = inner
        return False

    def _if(self, node: ast.If, scope: Scope) -> bool:
        test = self.see(node.test, scope)
        if is_known(test):
            return self.block(node.body if test else node.orelse, scope)
        # what was asked may have been asked before: tables = inspector.get_table_names()
        asked = [one.name for one in within(test) if isinstance(one, Made | Method)]
        asked += [ast.unparse(getattr(loop.node, "iter", loop.node)) for loop in loops_of(test)]
        self.guards.append(" ".join([ast.unparse(node.test), *asked]))
        ended = self.block(node.body, scope)
        both = self.block(node.orelse, scope) and ended
        if not ended:  # behind `if ...: return` the rest of the function stands under the same question
            self.guards.pop()
        return both

    def _for(self, node: ast.For, scope: Scope) -> bool:
        iterable = self.see(node.iter, scope)
        elements = self.elements(iterable, node, ast.unparse(node.target))
        constant = not loops_of(iterable) and isinstance(iterable, list | tuple | dict | str)
        with self._inside(self.loops, Loop(node, "constant" if constant else "data")):
            for element in elements[:MOST]:
                self.bind(node.target, element, scope)
                self.block(node.body, scope)
        self.block(node.orelse, scope)
        return False

    def _while(self, node: ast.While, scope: Scope) -> bool:
        with self._inside(self.loops, Loop(node, "while")):
            self.see(node.test, scope)
            self.block(node.body, scope)
        self.block(node.orelse, scope)
        return False

    def _with(self, node: ast.With, scope: Scope) -> bool:
        autocommit = 0
        for item in node.items:
            value = self.see(item.context_expr, scope)
            autocommit += isinstance(value, Made) and value.name == "autocommit_block"
            if item.optional_vars is not None:
                self.bind(item.optional_vars, value, scope)
        self.autocommit += autocommit
        ended = self.block(node.body, scope)
        self.autocommit -= autocommit
        return ended

    def _try(self, node: ast.Try, scope: Scope) -> bool:
        ended = self.block(node.body, scope)
        for handler in node.handlers:
            if handler.name:
                scope.values[handler.name] = Unknown()
            self.block(handler.body, scope)
        self.block(node.orelse, scope)
        return self.block(node.finalbody, scope) or (ended and not node.handlers)

    @contextmanager
    def _inside(self, stack: list[Any], what: Any) -> Iterator[None]:
        stack.append(what)
        yield
        stack.pop()

    # -- calls --------------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, scope: Scope) -> Any:
        function = self.see(node.func, scope)
        args = self._spread(node.args, scope)
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            value = self.see(keyword.value, scope)
            if keyword.arg is None:
                kwargs.update({str(k): v for k, v in value.items()} if isinstance(value, dict) else {"**": value})
            else:
                kwargs[keyword.arg] = value
        return self._apply(function, args, kwargs, node)

    def _apply(self, function: Any, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        """Call what is known of a function on what is known of its arguments."""
        if isinstance(function, Function):
            return self._enter(function, args, kwargs)
        if isinstance(function, Ref):
            return self._call_ref(function, args, kwargs, node)
        if isinstance(function, Method):
            return self._call_method(function, args, kwargs, node)
        if isinstance(function, Scope):  # an instance of a class of the file
            return Made("instance", tuple(args), kwargs, function, node.lineno)
        return Unknown("data", loops_of(function, args, kwargs))

    def _call_ref(self, function: Ref, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        path, name = function.path, function.name
        if path == "json.dumps":
            return Unknown("json", loops_of(args))
        if path == "alembic.op.f" and args:
            return args[0]
        if path in PURE and args:
            return PURE[path](args[0]) if isinstance(args[0], str) else args[0]
        if path == "builtins.str" and len(args) == 1 and isinstance(args[0], Text):
            return args[0]
        if path.startswith("builtins."):
            return self._builtin(name, args, kwargs, node)
        self._note(name, Ref(path.rpartition(".")[0]), args, kwargs, node)
        return Made(name, tuple(args), kwargs, None, node.lineno)

    def _builtin(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        if _can_carry_out(name, args, kwargs):
            try:
                return BUILTINS[name](*args, **kwargs)
            except Exception:  # the revision would fail there, too
                return Unknown()
        return self._builtin_of_unknown(name, args, kwargs, node)

    def _builtin_of_unknown(self, name: str, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        if name == "len":
            return Unknown("counter")
        if name == "map" and len(args) == 2 and isinstance(args[1], list | tuple):
            return [self._apply(args[0], [one], {}, node) for one in args[1]]
        if name == "next" and self._while_loop():
            return Unknown("data", loops_of(args) | {self._while_loop()})
        if name in ("range", "enumerate", "zip"):
            return Made(name, tuple(args), kwargs, None, node.lineno)
        if name in ("list", "tuple", "sorted", "reversed", "iter", "set") and args:
            return args[0]
        return Unknown("data", loops_of(args, kwargs))

    def _call_method(self, function: Method, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> Any:
        base, name = function.base, function.name
        if isinstance(base, str | Text | list | tuple | dict | bytes | int | float):
            return method_of_constant(base, name, args, kwargs, node.lineno)
        self._note(name, base, args, kwargs, node)
        loop = self._while_loop()
        if name == "fetchone" and loop:
            return Unknown("data", loops_of(base) | {loop})
        if isinstance(base, Unknown):
            return Unknown("data", loops_of(base, args))
        return Made(name, tuple(args), kwargs, base, node.lineno)

    def _while_loop(self) -> Any:
        return next((loop for loop in reversed(self.loops) if loop.kind == "while"), None)

    def _note(self, name: str, receiver: Any, args: list[Any], kwargs: dict[str, Any], node: ast.Call) -> None:
        call = Call(
            name,
            receiver,
            tuple(args),
            kwargs,
            node,
            tuple(self.loops),
            self.autocommit > 0,
            tuple(self.guards),
        )
        self.calls.append(call)

    def _enter(self, function: Function, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if self.depth >= DEEPEST:
            return Unknown("data", loops_of(args, kwargs))
        scope = Scope(_arguments(function, args, kwargs), function.scope)
        self.depth += 1
        guards = len(self.guards)
        try:
            if isinstance(function.node, ast.Lambda):
                return self.see(function.node.body, scope)
            self.block(function.node.body, scope)
        finally:
            self.depth -= 1
            del self.guards[guards:]
        yields = [n for n in ast.walk(function.node) if isinstance(n, ast.Yield)]
        if yields:
            slices = any(isinstance(y.value, ast.Subscript) and isinstance(y.value.slice, ast.Slice) for y in yields)
            return Made("batches" if slices else function.node.name, tuple(args), kwargs)
        return scope.values.get("return")


def _can_carry_out(name: str, args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Tell whether a builtin can be called on these arguments; some look at number and order of the elements only."""
    if name not in BUILTINS or loops_of(args) or not is_known(kwargs):
        return False
    listed = all(isinstance(a, list | tuple | dict | str | int | float) for a in args)
    return is_known(args) or (listed and name in ("reversed", "enumerate", "zip", "list", "tuple", "len"))


def _arguments(function: Function, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a function of the file with the values that a call gives them."""
    given = function.node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args)]
    values: dict[str, Any] = dict.fromkeys(names, Unknown())
    values |= dict(zip(reversed(names), reversed(function.defaults), strict=False))
    values |= {one.arg: v for one, v in zip(given.kwonlyargs, function.kw_defaults, strict=False)}
    values |= dict(zip(names, args, strict=False))
    if given.vararg:
        values[given.vararg.arg] = tuple(args[len(names) :])
    known = {*names, *(one.arg for one in given.kwonlyargs)}
    values |= {name: value for name, value in kwargs.items() if name in known}
    if given.kwarg:
        values[given.kwarg.arg] = {name: value for name, value in kwargs.items() if name not in known}
    return values


def _loaded(target: ast.expr) -> ast.expr:
    """Return the same name or subscript as something that is read."""
    copied: ast.expr = ast.parse(ast.unparse(target), mode="eval").body
    return ast.copy_location(copied, target)


STATEMENTS: dict[type[ast.stmt], Callable[..., bool]] = {
    ast.Return: WalkThrough._return,
    ast.Assign: WalkThrough._assign,
    ast.AnnAssign: WalkThrough._annotated,
    ast.AugAssign: WalkThrough._augmented,
    ast.Import: WalkThrough._import,
    ast.ImportFrom: WalkThrough._import_from,
    ast.FunctionDef: WalkThrough._function,
    ast.ClassDef: WalkThrough._class,
    ast.If: WalkThrough._if,
    ast.For: WalkThrough._for,
    ast.While: WalkThrough._while,
    ast.With: WalkThrough._with,
    ast.Try: WalkThrough._try,
}
