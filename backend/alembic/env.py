"""What Alembic runs before every command: which database, which models, and how a run is kept safe.

A transaction per revision, so that a failure loses one revision and no more. One advisory lock for the whole run, so
that two deployments at once do the work once. Timeouts, so that a migration never queues behind a forgotten
transaction while the shop queues behind the migration.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging.config
import re

import sqlalchemy as sa
from alembic import context
from alembic.script import ScriptDirectory
from alembic.util import CommandError

import shop.operations  # noqa: F401  registers op.copy_csv and its kin
from shop import database, settings
from shop.errors import ExplainedError
from shop.lock import migration_lock

LOCK_TIMEOUT = "10s"  # how long one statement may wait for a lock
LONGEST_NAME = 32  # characters that alembic_version.version_num holds
STATEMENT_TIMEOUT = "30min"  # how long one statement may run
WRITING = {"upgrade", "downgrade", "do_stamp"}  # the commands that change the database take the lock

config = context.config
if config.attributes.get("configure_logging", True):
    # always alembic.ini: scratch.ini says nothing about logging
    logging.config.fileConfig(settings.BACKEND / "alembic.ini", disable_existing_loggers=False)


def metadata() -> sa.MetaData:
    """What autogenerate compares with: the first of the packages in `models` that exists (see scratch.ini)."""
    names = config.get_main_option("models", "shop.models").split()
    package = importlib.import_module(next(name for name in names if importlib.util.find_spec(name)))
    return package.Base.metadata


def include_name(name: str | None, kind: str, parents: dict[str, str | None]) -> bool:
    """Keep out of autogenerate what no model describes: Apache AGE's schemas, Alembic's own table."""
    if kind == "schema":
        return name in (None, "public")
    return not (kind == "table" and (name == "alembic_version" or parents.get("schema_name") == "ag_catalog"))


def name_revision(migration_context, revision, directives) -> None:
    """Name a new revision by the next number and its message: 0015_add_last_login, at most 32 characters.

    A draft of the learner's (scratch.ini) goes into the folder of the drafts.
    """
    if not directives:
        return
    directives[0].version_path = config.get_main_option("draft_location", directives[0].version_path)
    if re.match(r"\d{4}_", directives[0].rev_id):
        return
    script = ScriptDirectory.from_config(config)
    numbers = [int(found.group()) for r in script.walk_revisions() if (found := re.match(r"\d{4}", r.revision))]
    name = f"{max(numbers, default=0) + 1:04}"
    for word in re.findall(r"[a-z0-9]+", (directives[0].message or "unnamed").lower()):
        if len(name) + 1 + len(word) > LONGEST_NAME:
            break
        name += f"_{word}"
    directives[0].rev_id = name


SHARED = {
    "target_metadata": metadata(),
    "version_table_schema": "public",
    "compare_server_default": True,
    "transaction_per_migration": True,
    "include_name": include_name,
    "process_revision_directives": name_revision,
    "on_version_apply": config.attributes.get("on_version_apply"),  # the workshop's progress bar
}


def run_offline() -> None:
    """`--sql`: write the script instead of running it; no database is asked."""
    context.configure(dialect_name="postgresql", literal_binds=True, dialect_opts={"paramstyle": "named"}, **SHARED)
    with context.begin_transaction():
        context.run_migrations()


def run_online(connection: sa.Connection) -> None:
    """Run the command on this connection."""
    context.configure(connection=connection, **SHARED)
    if context.get_context().opts["fn"].__name__ not in WRITING:
        with context.begin_transaction():
            context.run_migrations()
        return
    with migration_lock(connection):
        connection.execute(
            sa.text("SELECT set_config('lock_timeout', :lock, false), set_config('statement_timeout', :run, false)"),
            {"lock": LOCK_TIMEOUT, "run": STATEMENT_TIMEOUT},
        )
        connection.commit()
        with context.begin_transaction():
            context.run_migrations()


def run() -> None:
    """Choose the connection, and turn what the reader can mend into one sentence."""
    given = config.attributes.get("connection")
    url = None
    try:
        if context.is_offline_mode():
            run_offline()
        elif given is not None:
            run_online(given)
        else:
            read = settings.load()
            url = read.database_url
            with database.connect(read, connect_args={"application_name": "alembic"}) as connection:
                run_online(connection)
    except ExplainedError as error:
        raise CommandError(str(error)) from error
    except sa.exc.DBAPIError as error:
        url = url or (given.engine.url if given is not None else None)
        if url is None or not database.explains(error):
            raise
        raise CommandError(database.explain(error, url)) from error
    except CommandError as error:
        if "Can't locate revision" not in str(error):
            raise
        raise CommandError(
            f"{error}. The database, or the command, names a revision that this checkout does not have. If the "
            "database is meant, check out the code that made it; a workshop database is mended by `workshop reset`."
        ) from error
    except KeyboardInterrupt:
        raise CommandError(
            "Interrupted. The revision that ran was rolled back; those before it stay. "
            "`alembic current` shows where the database is, and the same command goes on from there."
        ) from None


run()
