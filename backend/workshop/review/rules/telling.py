"""R5xx and R6xx: what a revision says about itself, what it loses, and how far its hand reaches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from workshop.review.convention import applies
from workshop.review.findings import Hits, rule
from workshop.review.story import Act, Story
from workshop.review.values import is_known

TOGETHER = re.compile(r"(?i)\b(together|belongs?|because|one (logical )?change|without the others?|depends? on)\b")
LOSS = re.compile(
    r"(?i)\b(los[est]\w*|losing|gone|destroy\w*|thrown away|no data|no rows|empty|copied|moved|kept (in|as)|unused"
    r"|never read|cannot be brought back|backup|deletes|discard\w*|(no longer|not) (used|read|needed))\b"
)
LOOKED = re.compile(r"has_table|has_column|get_columns|get_table_names|get_indexes|get_enums|inspect\(|to_regclass"
                    r"|information_schema|pg_(class|type|tables|indexes)")  # fmt: skip
GUARDED = re.compile(r"(?is)\bIF\s+(NOT\s+)?EXISTS\s*\(.*?(pg_\w+|information_schema)")


@rule(
    "R501",
    "the docstring contradicts the code",
    "Write the ids of `revision` and `down_revision` into the docstring, or take the line out.",
)
def stale_docstring(story: Story) -> Hits:
    """The lines `Revision ID:` and `Revises:` say the same as `revision` and `down_revision`.

    They are copied and rebased by hand and go stale; whoever reads them then looks for the wrong parent.
    """
    given = story.down_revision
    if not is_known([given, story.revision]):
        return
    parents = {str(one) for one in given} if isinstance(given, list | tuple) else {str(given)} if given else set()
    for label, wanted in (("Revision ID", {str(story.revision)}), ("Revises", parents)):
        found = re.search(rf"^{label}:[ \t]*(.*)$", story.source.docstring, re.MULTILINE)
        if not found:
            continue
        said = {word for word in re.split(r"[,\s()'\"]+", found[1]) if word and word not in ("None", "base", "<base>")}
        if said != wanted:
            shown = ", ".join(sorted(wanted)) or "nothing"
            yield (
                story.source.line_of(found[0]),
                f'The docstring says "{found[0].strip()}", and the code says {shown}.',
            )


@rule("R502", "a draft that was not read", "Read the draft, mend it, and delete the comment.")
def draft_comment(story: Story) -> Hits:
    """Alembic's own comment, "please adjust!", is a request to the author; left in, nobody has answered it.

    Autogenerate misses renames, CHECKs, index methods and the rows that are there.
    """
    for line, comment in story.source.comments:
        if "please adjust" in comment:
            yield line, "Autogenerate asks for its draft to be read, and the comment is still there."
    if "Before this draft is a revision" in story.source.docstring:
        line = story.source.line_of("Before this draft is a revision")
        yield line, "The template's questions to the author are still in the docstring."


@rule(
    "R503",
    "unrelated tables in one revision",
    "Make a revision of each, or say in the docstring why they belong together.",
)
def unrelated_tables(story: Story) -> Hits:
    """A revision is one logical change; tables that nothing ties to each other are several.

    Tied are tables with a foreign key between them, over a third table, too, with a column named after the other one,
    or with a view, trigger or statement that uses both. A docstring that says why they belong together settles it.
    """
    tables = [act for act in story.up if _creates_table(act) and "temporary" not in act.deed.options and act.deed.name]
    if len(tables) < 2 or TOGETHER.search(story.source.docstring):
        return
    group = {name: name for act in tables for name in (act.deed.name, *act.deed.links)}
    for one, other in _ties(story, [act.deed.name for act in tables]):
        kept, gone = group.setdefault(one, one), group.setdefault(other, other)
        group = {name: kept if of == gone else of for name, of in group.items()}
    first = tables[0].deed
    for act in tables[1:]:
        if group[act.deed.name] != group[first.name]:
            yield (
                act.line,
                f"Nothing ties {act.deed.name} to {first.name}, and the docstring does not say why both are here.",
            )
            return


@rule(
    "R504",
    "dropped without a word about the loss",
    "Say in the docstring what is lost, or where it was copied to, and that no released code reads it any more.",
)
def silent_loss(story: Story) -> Hits:
    """Dropping a column or a table is the one change that no downgrade undoes.

    The docstring says what is lost, so that somebody can object before it is.
    """
    if LOSS.search(story.source.docstring):
        return
    mine = {(act.deed.sort, act.deed.name) for act in story.up if act.deed.verb == "create"}
    renamed = {act.line for act, _ in renames(story)}
    for act in story.up:
        deed = act.deed
        lost = (deed.verb == "drop" and deed.sort in ("table", "column", "schema")) or deed.verb == "truncate"
        temporary = deed.table.startswith("pg_temp") or (deed.sort, deed.name) in mine or deed.table in story.made
        if lost and not temporary and act.line not in renamed:
            what = f"{deed.table}.{deed.name}" if deed.sort == "column" else deed.name or deed.table
            yield (
                act.line,
                f"{what} goes with its rows or values, and the docstring does not say what is lost.",
            )


@rule(
    "R505",
    "a rename written as drop and add",
    "Write op.alter_column(table, old, new_column_name=new), which keeps the values.",
)
def rename_by_drop(story: Story) -> Hits:
    """Autogenerate cannot see a rename: it drops the old column and adds an empty one of the same type.

    The values are gone after the upgrade, although nothing failed.
    """
    for act, new in renames(story):
        yield (
            act.line,
            f"{act.deed.table}.{act.deed.name} is dropped while {new} is added: this looks like a rename.",
        )


@rule(
    "R506",
    "a constraint without a name",
    "Give it a name by the convention of the other constraints, such as fk_reviews_product_id_products.",
)
def unnamed_constraint(story: Story) -> Hits:
    """A constraint that is not named gets a name from the server, and the downgrade has to guess it.

    `None` is fine for creating one where the models' MetaData has a naming convention; raw SQL never has one, and
    nothing can be dropped by the name None.
    """
    convention = applies(story.source.path)
    for act in (*story.up, *story.down):
        deed = act.deed
        named_by_convention = convention and "explicit" in deed.options and deed.verb == "create"
        if "unnamed" in deed.options and deed.sort == "constraint" and not named_by_convention:
            yield (
                act.line,
                f"A constraint of {deed.table} is {'created' if deed.verb == 'create' else 'dropped'} without a name.",
            )


@rule("R507", "an id that does not fit", "Choose an id of at most 32 characters.")
def long_id(story: Story) -> Hits:
    """Alembic keeps the revision's id in a column of 32 characters.

    A longer one runs its whole upgrade and fails when the version number is written.
    """
    if isinstance(story.revision, str) and len(story.revision) > 32:
        given = [number for number, text in enumerate(story.source.lines, 1) if re.match(r"revision\b[^=]*=", text)]
        yield given[0] if given else 1, f"The id has {len(story.revision)} characters, and alembic_version holds 32."


@rule(
    "R601",
    "search_path changed for others",
    "Name the schema in the statement, or use SET LOCAL search_path, which ends with the transaction.",
)
def search_path(story: Story) -> Hits:
    """A search_path set for the database, a role or the session outlives the revision.

    Every later statement, of the application, too, then finds other tables under the same names.
    """
    for act in (*story.up, *story.down):
        deed = act.deed
        if deed.verb == "set" and deed.name == "search_path" and deed.sort != "local":
            whom = (
                "this session and the revisions after this one" if deed.sort == "session" else f"the whole {deed.sort}"
            )
            yield act.line, f"The search_path is changed for {whom}."


@rule(
    "R602",
    "IF EXISTS hides drift",
    "Leave it out and let the statement fail where the schema is not what the chain says; then mend the schema.",
)
def hidden_drift(story: Story) -> Hits:
    """IF EXISTS, IF NOT EXISTS and a look into the catalog make a revision succeed on a schema that is not the chain's.

    A table of that name with other columns is then taken for ours, an extension that an administrator installed is
    dropped by our downgrade, and an invalid index passes for a good one. DROP INDEX CONCURRENTLY IF EXISTS may be run
    again after an interruption and passes, and so do temporary tables.
    """
    for act in (*story.up, *story.down):
        deed = act.deed
        retry = deed.verb == "drop" and "concurrently" in deed.options
        if deed.options & {"if_exists", "if_not_exists"} and not retry and "temporary" not in deed.options:
            if not deed.name.startswith("pg_temp"):
                words = "IF NOT EXISTS" if "if_not_exists" in deed.options else "IF EXISTS"
                yield (
                    act.line,
                    f"{words} lets this succeed on a schema that is not the one it was written for.",
                )
        elif deed.verb == "do" and GUARDED.search(deed.text):
            yield act.line, "The block looks into the catalog and leaves out what it finds there."
        elif any(LOOKED.search(guard) for guard in act.call.guards) and deed.verb in ("create", "drop"):
            yield act.line, "This is done or left out after a look at what is there."


# -- what belongs together --------------------------------------------------------------------------------------------


def _creates_table(act: Act) -> bool:
    return (act.deed.verb, act.deed.sort) == ("create", "table")


def _ties(story: Story, names: list[str]) -> Iterator[tuple[str, str]]:
    for act in story.up:
        deed = act.deed
        for link in deed.links:
            if deed.table and (deed.sort in ("table", "column", "constraint", "trigger") or deed.table in names):
                yield deed.table, link
        if deed.sort in ("view", "function") or deed.verb == "insert":
            used = [name for name in names if re.search(rf"\b{re.escape(name)}\b", deed.text)]
            yield from pairwise(used)
        if _creates_table(act):
            for name in names:
                if any(re.fullmatch(rf"{re.escape(_singular(name))}_(id|key|uuid)", one) for one in deed.columns):
                    yield deed.name, name


def _singular(name: str) -> str:
    name = name.rpartition(".")[2]
    return re.sub(r"ies$", "y", name) if name.endswith("ies") else name.removesuffix("s")


def renames(story: Story) -> Iterator[tuple[Act, str]]:
    """Yield the drops of a column that look like one half of a rename, with the name of the other half."""
    dropped = [act for act in story.up if (act.deed.verb, act.deed.sort) == ("drop", "column")]
    added = [act for act in story.up if (act.deed.verb, act.deed.sort) == ("create", "column")]
    if any(act.deed.verb in ("update", "insert", "unknown", "do") for act in story.up):
        return  # the values were moved by hand
    back = {(act.deed.table, act.deed.name): _type(act) for act in story.down if act.deed.verb == "create"}
    for act in dropped:
        kind = back.get((act.deed.table, act.deed.name), "")
        for other in added:
            if other.deed.table == act.deed.table and kind and _type(other) == kind and act.deed.name:
                yield act, other.deed.name
                break


def _type(act: Act) -> str:
    return next((option for option in act.deed.options if option.startswith("type ")), "")
