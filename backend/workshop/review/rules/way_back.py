"""R1xx: the way back. What upgrade() does, downgrade() undoes, and leaves no trace."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from workshop.review.findings import Hits, rule
from workshop.review.sql import Deed
from workshop.review.story import Act, Story

ON_A_TABLE = {"column", "index", "constraint", "trigger", "policy", "rule", "rows"}
LASTING = {
    "table", "column", "index", "constraint", "type", "domain", "extension", "function", "procedure", "aggregate",
    "trigger", "view", "sequence", "schema", "policy", "rule", "role", "graph", "publication", "statistics",
}  # fmt: skip
SAYS_ONLY = re.compile(r"(?s)return( None)?|\.\.\.|['\"].*['\"]|(print|warnings\.warn|\w*log\w*(\.\w+)+)\(.*\)")
ONE_WAY = re.compile(
    r"(?i)one[- ]way|irreversibl|cannot be (undone|reversed|downgraded)|no way back|not reversible"
    r"|can't be (undone|reversed)|downgrade[^.]*(refuse|raise|not possible|impossible|not supported)"
)


def is_nothing(body: list[ast.stmt]) -> bool:
    """Tell whether a function's body is a docstring, `pass`, `...`, a return of nothing or a message, and no more."""
    return all(isinstance(node, ast.Pass) or SAYS_ONLY.fullmatch(ast.unparse(node)) for node in body)


def raised(function: ast.FunctionDef | None) -> ast.Raise | None:
    """Return the `raise` that ends a function at its top level."""
    if function is None:
        return None
    return next((node for node in function.body if isinstance(node, ast.Raise)), None)


@rule(
    "R101",
    "no downgrade",
    "Write the downgrade that undoes each statement of the upgrade in reverse order, or raise and explain why there is "
    "no way back.",
)
def no_downgrade(story: Story) -> Hits:
    """A revision without a downgrade, or with an empty one, is a road without a turning place.

    `alembic downgrade` then moves the version number and leaves the schema as it is, so that the next upgrade fails on
    what is already there. A merge of two heads has nothing to undo and passes.
    """
    up, down = story.function("upgrade"), story.function("downgrade")
    if story.is_merge or (up and is_nothing(up.body)):
        return
    if down is None:
        yield (up.lineno if up else 1), "There is no downgrade(), so this step cannot be taken back."
    elif is_nothing(down.body):
        yield (
            down.lineno,
            "The downgrade does nothing, so the version number goes back and the schema does not.",
        )


@rule(
    "R102",
    "created, and not dropped",
    "Drop it in downgrade(), in the reverse order of its creation.",
)
def created_and_not_dropped(story: Story) -> Hits:
    """What upgrade() creates, downgrade() drops: table, column, index, constraint, type, extension, function, trigger.

    What goes with a dropped table or column need not be named. A leftover makes the second upgrade fail with
    "already exists".
    """
    if not _goes_back(story):
        return
    for act in _lasting(story):
        deed = act.deed
        if "implicit" not in deed.options and not any(_undoes(one.deed, deed, story) for one in story.down):
            on = f" on {deed.table}" if deed.table and deed.sort in ON_A_TABLE else ""
            yield act.line, f"The {deed.sort} {deed.name}{on} is created, and the downgrade does not drop it."


@rule(
    "R103",
    "changed, and not changed back",
    "Bring it back in downgrade(): create what was dropped, rename back, restore the former type or default.",
)
def changed_and_not_changed_back(story: Story) -> Hits:
    """What upgrade() drops, renames or alters is there again after downgrade().

    The rows of a dropped column may be gone for good; its shape is not, and the code of the version before needs it.
    """
    if not _goes_back(story):
        return
    for place, act in enumerate(story.up):
        deed = act.deed
        if not _needs_restoring(deed) or _made_before(story, place):
            continue
        if not any(_restores(one.deed, deed) for one in story.down):
            done = {"drop": "dropped", "rename": "renamed", "alter": "altered"}[deed.verb]
            of = f" of {deed.table}" if deed.table and deed.sort != "table" else ""
            yield (
                act.line,
                f"The {deed.sort} {deed.name}{of} is {done}, and the downgrade does not bring it back.",
            )


@rule(
    "R104",
    "rows put in, and not taken out",
    "Delete in downgrade() the rows that the upgrade put in, by their keys, and nothing that somebody else added.",
)
def rows_not_taken_out(story: Story) -> Hits:
    """A seed's downgrade takes out the rows that the seed put in.

    Otherwise the second upgrade meets them and fails on a unique key, or doubles them where there is none.
    """
    if not _goes_back(story):
        return
    seen: set[str] = set()
    gone = {one.deed.table for one in story.down if one.deed.verb in ("delete", "truncate") or _drops_table(one.deed)}
    blind = any(one.deed.verb in ("unknown", "do") for one in story.down) or "" in gone
    for act in story.up:
        deed = act.deed
        lasting = deed.verb == "insert" and deed.table and not {"temporary", "own"} & deed.options
        if lasting and deed.table not in gone | story.made | seen and not blind:
            seen.add(deed.table)
            yield act.line, f"Rows are put into {deed.table}, and the downgrade does not take them out."


@rule(
    "R105",
    "a type left behind",
    "Drop the type in downgrade() after the table, or make it by hand with create_type=False and drop it by hand.",
)
def type_left_behind(story: Story) -> Hits:
    """An Enum in create_table or add_column makes a type in the database that drop_table does not drop.

    The second upgrade then fails with `type ... already exists`.
    """
    if not _goes_back(story):
        return
    explicit = {act.deed.name for act in story.up if _is(act, "create", "type") and "implicit" not in act.deed.options}
    for act in story.up:
        deed = act.deed
        if "implicit" in deed.options and deed.name not in explicit:
            explicit.add(deed.name)
            if not any(_undoes(one.deed, deed, story) for one in story.down):
                yield (
                    act.line,
                    f"The enum type {deed.name} is made along with {deed.table} and stays after the downgrade.",
                )


@rule(
    "R106",
    "refuses to go back without saying so",
    "Say in the docstring that this step is one-way and what is lost, and let the exception say why.",
)
def refuses_silently(story: Story) -> Hits:
    """A downgrade may raise where there is truly no way back, if it explains itself and the docstring warns of it.

    Whoever plans a release reads the docstring, and learns of the missing way back before it is needed.
    """
    down = story.function("downgrade")
    node = raised(down)
    if down is None or node is None:
        return
    explained = [one for one in ast.walk(node) if isinstance(one, ast.Constant) and len(str(one.value)) >= 15]
    said = f"{story.source.docstring} {ast.get_docstring(down) or ''}"
    if not explained:
        yield node.lineno, "The downgrade raises without a sentence that says why."
    elif not ONE_WAY.search(said):
        yield node.lineno, "The downgrade raises, and the docstring does not say that this step is one-way."


@rule("R107", "an upgrade that does nothing", "Delete the revision, or write what it was meant to do.")
def empty_upgrade(story: Story) -> Hits:
    """A revision whose upgrade is empty says that something changed, and nothing did.

    Autogenerate writes one when it finds no difference. A merge of two heads is empty on purpose and passes.
    """
    up = story.function("upgrade")
    if up is None:
        yield 1, "There is no upgrade()."
    elif is_nothing(up.body) and not story.is_merge:
        yield up.lineno, "The upgrade does nothing."


# -- what undoes what -------------------------------------------------------------------------------------------------


def _goes_back(story: Story) -> bool:
    """Tell whether there is a downgrade that can be compared: not empty, and not one that only raises."""
    down = story.function("downgrade")
    return down is not None and not is_nothing(down.body) and raised(down) is None


def _is(act: Act, verb: str, sort: str) -> bool:
    return (act.deed.verb, act.deed.sort) == (verb, sort)


def _drops_table(deed: Deed) -> bool:
    return (deed.verb, deed.sort) == ("drop", "table")


def _lasting(story: Story) -> Iterator[Act]:
    """Yield what is created and still there, under that name, when upgrade() ends."""
    for place, act in enumerate(story.up):
        deed = act.deed
        if deed.verb != "create" or deed.sort not in LASTING or "temporary" in deed.options or not deed.name:
            continue
        earlier = [one.deed for one in story.up[:place]]
        if any(one.verb == "drop" and _same(one, deed) for one in earlier):
            continue  # replaced, so the downgrade has to put the former one back: R103
        later = [one.deed for one in story.up[place + 1 :]]
        if not any(one.verb in ("drop", "rename") and one.name == deed.name and one.sort == deed.sort for one in later):
            yield act


def _undoes(back: Deed, deed: Deed, story: Story) -> bool:
    """Tell whether something done on the way down undoes a creation."""
    if back.verb == "unknown" or (back.verb == "create" and _same(back, deed)):
        return True
    if back.verb == "rename":
        return back.sort == deed.sort and back.name == deed.name
    if back.verb != "drop":
        return False
    if _same(back, deed) or (back.sort == deed.sort and not back.name):
        return True
    return _goes_with(back, deed, story)


def _same(one: Deed, other: Deed) -> bool:
    """Compare sort, name and, for columns, table; a unique index and a unique constraint share their names."""
    sorts = {one.sort, other.sort}
    alike = len(sorts) == 1 or sorts == {"index", "constraint"}
    where = one.table == other.table or not (one.table and other.table) or one.sort in ("index", "type")
    return alike and one.name.rpartition(".")[2] == other.name.rpartition(".")[2] and where


def _goes_with(back: Deed, deed: Deed, story: Story) -> bool:
    """Tell whether dropping one thing takes another with it."""
    renamed = {act.deed.to: act.deed.name for act in story.up if _is(act, "rename", "table")}
    tables = {deed.table, renamed.get(deed.table, deed.table)}
    if back.sort == "table" and deed.sort in ON_A_TABLE:
        return not back.name or back.name in tables
    if back.sort == "column" and deed.sort in ("index", "constraint") and back.table in tables:
        return not deed.columns or back.name in deed.columns or "" in deed.columns
    if back.sort == "schema" and deed.name.startswith(f"{back.name}."):
        return True
    if (back.sort, deed.sort) == ("view", "index") and back.name == deed.table:
        return True
    taken = {
        "function": {"trigger"},
        "table": {"view", "constraint"},
        "type": {"function"},
        "extension": LASTING,
    }
    return "cascade" in back.options and deed.sort in taken.get(back.sort, set())


def _needs_restoring(deed: Deed) -> bool:
    if deed.verb == "alter":
        return deed.sort == "column" and bool(deed.name)
    return deed.verb in ("drop", "rename") and deed.sort in LASTING and bool(deed.name)


def _made_before(story: Story, place: int) -> bool:
    """Tell whether what is changed is itself something that this upgrade made, or goes with something it made."""
    deed = story.up[place].deed
    for act in story.up[:place]:
        made = act.deed
        if made.verb == "create" and (_same(made, deed) or (made.sort == "table" and made.name == deed.table)):
            return True
        if made.verb == "rename" and made.to == deed.name and made.sort == deed.sort:
            return True
        if made.verb == "drop" and made.sort in ("table", "column") and made.table == deed.table and (
            deed.sort in ("index", "constraint", "trigger") and deed.verb == "drop"
        ):  # fmt: skip
            return True
    return False


def _restores(back: Deed, deed: Deed) -> bool:
    """Tell whether something done on the way down brings back what was dropped, renamed or altered."""
    if back.verb in ("unknown", "do") or (back.verb == "rename" and back.to == deed.name):
        return True
    if deed.verb == "rename" and back.verb == "rename":
        return back.sort == deed.sort and back.name == deed.to
    if deed.verb == "alter":
        same = back.sort == "column" and back.name == deed.name and back.table == deed.table
        return same and back.verb in ("alter", "drop", "create")
    if back.verb != "create":
        return False
    if _same(back, deed) or (deed.sort in ON_A_TABLE and back.sort == "table" and back.name == deed.table):
        return True
    # a column that comes back brings its own index and constraint
    return deed.sort in ("index", "constraint") and back.sort == "column" and (
        back.table == deed.table or not deed.table
    )  # fmt: skip
