"""What the revisions have a model fill, read from the revisions themselves.

A revision says op.embed(...) with the query that gives the texts. That is the only place where the query stands; who
needs it later - `workshop refresh`, the stand-in for Azure - has the revision's upgrade() say it again, on paper: every
operation is noted and none is carried out.
"""

from __future__ import annotations

from alembic.migration import MigrationContext
from alembic.operations import MigrateOperation, Operations
from alembic.script import ScriptDirectory

from shop.operations.filling import Filling
from workshop import chain, scratch
from workshop.chain import Step


def of(step: Step) -> list[Filling]:
    """Return the fillings of a revision, in the order in which its upgrade() asks for them."""
    revision = ScriptDirectory.from_config(chain.alembic_config()).get_revision(step.name)
    noted: list[MigrateOperation] = []
    paper = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})
    with Operations.context(paper) as operations:
        operations.invoke = noted.append  # type: ignore[assignment]
        revision.module.upgrade()
    return [one for one in noted if isinstance(one, Filling)]


def applied(revision: str) -> list[Filling]:
    """Return those of all steps that a database at this revision (a step, a draft on one, or "base") has behind it."""
    script = ScriptDirectory.from_config(scratch.alembic_config())
    known = {one.revision for one in script.walk_revisions()}
    behind = {
        one.revision
        for head in revision.split(", ")
        if head in known
        for one in script.iterate_revisions(head, chain.BASE)
    }
    return [filling for step in chain.steps() if step.name in behind for filling in of(step)]
