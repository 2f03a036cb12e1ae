"""Moving a database along the chain: current, upgrade, downgrade, goto, reset.

Every way is Alembic's own; what is added is the progress bar, plain words for failures, and care for the learner's
work: nothing that somebody did is thrown away by a jump, it is set aside as a database `<name>_kept_<n>`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import chain, checkpoints, scratch, xray
from workshop.chain import BASE, Step, alembic_config, upto
from workshop.progress import progress

HEAD = "head"


class StepError(ExplainedError):
    """A step could not be taken; the text says why and what to do."""


def current(settings: Settings) -> str:
    """Return the revision the database is at; "base" for an empty one."""
    with database.connect(settings) as connection:
        return revision_of(connection)


def revision_of(connection: sa.Connection) -> str:
    context = MigrationContext.configure(connection, opts={"version_table_schema": "public"})
    heads = context.get_current_heads()
    connection.rollback()
    return ", ".join(sorted(heads)) or BASE


def reachable(settings: Settings) -> list[Step]:
    """Return the steps that can be taken on this server: those before the first that needs an extension it lacks."""
    with database.connect(settings) as connection:
        available = set(connection.scalars(sa.text("SELECT name FROM pg_available_extensions")))
    return list(itertools.takewhile(lambda step: step.extensions <= available, chain.steps()))


def upgrade(settings: Settings, target: str = HEAD) -> None:
    """Run `alembic upgrade <target>`.

    Raises:
        StepError: the upgrade failed; what failed was rolled back, what ran before it stays.
    """
    _run(settings, command.upgrade, target, "Upgrading")


def downgrade(settings: Settings, target: str) -> None:
    """Run `alembic downgrade <target>`.

    Raises:
        StepError: the downgrade failed or was refused; nothing of the failed revision was undone.
    """
    _run(settings, command.downgrade, target, "Downgrading")


def leave_drafts(settings: Settings) -> None:
    """Downgrade out of the learner's drafts, the newest first, so that only revisions of the chain are applied.

    Raises:
        StepError: a draft's own downgrade failed.
    """
    drafts = {path.stem for path in scratch.drafts()}
    while on := sorted(drafts.intersection(current(settings).split(", "))):
        # Relative to the draft itself: a plain -1 does not know which of two heads is meant.
        _run(settings, command.downgrade, f"{on[0]}-1", "Downgrading", scratch.alembic_config())


def _run(
    settings: Settings, action: Callable[..., None], target: str, label: str, config: Config | None = None
) -> None:
    config = config or alembic_config()
    with database.connect(settings) as connection:
        total = len(_between(config, revision_of(connection), target, label == "Downgrading"))
        with progress(max(total, 1), label) as bar:

            def applied(step: Any, **_: Any) -> None:
                bar.advance(f"{label}: {step.up_revision_id}")

            def rows(table: str, done: int, all_of_them: int) -> None:
                bar.say(f"{label}: {table}, {done:,} of {all_of_them:,}")

            config.attributes.update(connection=connection, on_version_apply=applied, on_rows=rows)
            try:
                action(config, target)
            except CommandError as error:
                raise StepError(str(error)) from error
            except sa.exc.DBAPIError as error:
                raise StepError(database.explain(error, settings.database_url)) from error


def _between(config: Any, here: str, target: str, down: bool) -> list[Any]:
    script = ScriptDirectory.from_config(config)
    upper, lower = (here, target) if down else (target, here)
    try:
        return list(script.iterate_revisions(upper, lower))
    except (CommandError, RevisionError):
        return []  # unknown, or relative to here (-1): only the length of the progress bar depends on it


@dataclass(frozen=True)
class Jump:
    """How a jump was made; as text, what the learner should know about it.

    kept: the database in which the learner's own state was set aside, if there was any; copied: False where this user
    may not create databases, so that the way was an upgrade or a downgrade.
    """

    kept: str | None = None
    copied: bool = True

    def __str__(self) -> str:
        if not self.copied:
            return (
                "This user may not create databases on the server, so the way there was an upgrade or a downgrade, "
                "and your own rows were not set aside."
            )
        if not self.kept:
            return ""
        return f"What you had done is kept: `workshop return {self.kept.rpartition('_')[2]}` brings it back."


def goto(settings: Settings, step: Step | str, keep: bool = True, named: str | None = None) -> Jump:
    """Bring the database to the state right after a step ("base": empty), as a plain upgrade would leave it.

    What the learner changed is kept first, unless keep is False.
    """
    name = step if isinstance(step, str) else step.name
    require_workshop(settings, named)
    if not checkpoints.possible(settings):
        _plainly(settings, name)
        return Jump(copied=False)
    source = checkpoints.ensure(settings, name, upgrade)
    kept = set_aside(settings) if keep else None
    checkpoints.replace(settings, source)
    return Jump(kept)


def _plainly(settings: Settings, name: str) -> None:
    """Without the right to create databases: by upgrade and downgrade, which keep the learner's rows in place."""
    here = current(settings)
    if any(step.name == here for step in upto(name)) or here == BASE:
        upgrade(settings, name)
    else:
        downgrade(settings, name)


def reset(settings: Settings, named: str | None = None) -> None:
    """Bring the database back to empty. What was in it is gone; kept databases stay."""
    goto(settings, BASE, keep=False, named=named)


def require_workshop(settings: Settings, named: str | None = None) -> None:
    """Refuse to throw away a database that is not the workshop's, unless the reader typed its name.

    Raises:
        StepError: the name does not begin with `workshop` and is not the one given.
    """
    name = settings.database_url.database or ""
    if not name.startswith("workshop") and named != name:
        raise StepError(
            f'The database "{name}" is not one of the workshop\'s (their names begin with "workshop"), and this '
            f"command would replace what is in it. If you mean it, add: --database {name}"
        )


# -- what the learner did, set aside ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Kept:
    """A database that was set aside: its name, the revision it is at, its fingerprint."""

    name: str
    revision: str
    fingerprint: str


def kept(settings: Settings) -> list[Kept]:
    """Return what was set aside of this database, oldest first."""
    pattern = f"{settings.database_url.database}\\_kept\\_%"
    with checkpoints.maintenance(settings) as connection:
        rows = connection.execute(
            sa.text("SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE :p"),
            {"p": pattern},
        ).all()
    found = [Kept(name, **json.loads(note or '{"revision": "?", "fingerprint": "?"}')) for name, note in rows]
    return sorted(found, key=lambda one: int(one.name.rpartition("_")[2]))


def set_aside(settings: Settings) -> str | None:
    """Rename the database to <name>_kept_<n>, unless it is exactly what a plain upgrade gives, or is kept already.

    Returns:
        The new name, or None when there was nothing of the learner's own in it.
    """
    with database.connect(settings) as connection:
        seen = xray.snapshot(connection)
    revision = seen.revision or BASE
    if upto(revision):  # so that the fingerprint of a plain upgrade to here is known
        checkpoints.ensure(settings, revision, upgrade)
    known = {one.fingerprint for one in kept(settings)} | checkpoints.fingerprints(settings)
    if seen.fingerprint in known or not any(kind == "table" for kind, _ in seen.items):
        return None
    number = max((int(one.name.rpartition("_")[2]) for one in kept(settings)), default=0) + 1
    name = f"{settings.database_url.database}_kept_{number}"
    note = json.dumps({"revision": revision, "fingerprint": seen.fingerprint})
    checkpoints.rename(settings, name, note)
    return name


def bring_back(settings: Settings, name: str) -> str | None:
    """Put a kept database in the place of the present one, which is set aside in its turn when it is the learner's.

    Raises:
        StepError: there is no such kept database.
    """
    require_workshop(settings)
    wanted = next((one for one in kept(settings) if name in (one.name, one.name.rpartition("_")[2])), None)
    if wanted is None:
        names = ", ".join(one.name for one in kept(settings)) or "none"
        raise StepError(f'There is no kept database "{name}" (there are: {names}).')
    replaced = set_aside(settings)
    checkpoints.replace(settings, wanted.name)
    return replaced
