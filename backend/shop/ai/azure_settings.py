"""The address and the key of Azure's services, as settings of the extension azure_ai in the database.

Either an administrator makes them once, or they stand in the environment of whoever runs the upgrade. What comes from
the environment goes into the database as bound values, past SQLAlchemy's own log and its error messages, and never into
the text of a statement. What this program set, it notes by name, and op.clear_ai_settings() takes out again; what an
administrator set stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from shop.ai.errors import ModelError

# Of the extension <- from the environment; endpoint and key of a service are given together or not at all.
SERVICES = {
    "azure_openai": ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY"),
    "azure_cognitive": ("AZURE_LANGUAGE_ENDPOINT", "AZURE_LANGUAGE_KEY"),
}

# Outside the chain of revisions: it must outlive a rollback, and a downgrade empties it.
TABLE = """
    CREATE SCHEMA IF NOT EXISTS shop_ai;
    COMMENT ON SCHEMA shop_ai IS 'Kept by op.embed with AI_PROVIDER=azure; no revision depends on it';
    CREATE TABLE IF NOT EXISTS shop_ai.settings_made (name text PRIMARY KEY);
    COMMENT ON TABLE shop_ai.settings_made IS 'Settings of azure_ai that came from the environment of an upgrade'
"""


def given(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that the environment holds, by their names in azure_ai; none is usual, too.

    Raises:
        ModelError: of a service there is the endpoint without the key, or the key without the endpoint.
    """
    found: dict[str, str] = {}
    for service, names in SERVICES.items():
        there = [name for name in names if environ.get(name)]
        if len(there) == 1:
            missing = next(name for name in names if name not in there)
            raise ModelError(
                f"{there[0]} is set and {missing} is not: set both, or neither where an administrator did."
            )
        if there:
            endpoint, key = names
            found |= {f"{service}.endpoint": environ[endpoint], f"{service}.subscription_key": environ[key]}
    return found


@contextmanager
def made(connection: sa.Connection, settings: Mapping[str, str]) -> Iterator[None]:
    """Make settings for the work of the block; they stay for the next one, unless the block fails.

    Args:
        connection: in autocommit.

    Raises:
        ModelError: an administrator made another one, this user may make none, or the server would log the values.
    """
    if not settings:
        yield
        return
    raw: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    raw.execute(TABLE)
    if raw.execute(_LOGGED).fetchone() != (False,):
        raise ModelError(
            "This server writes the values of statements into its log, and the key of Azure would be among them: have "
            "log_parameter_max_length and log_parameter_max_length_on_error set to 0, or have an administrator run "
            "azure_ai.set_setting, and leave the key out of the environment."
        )
    new: list[str] = []
    try:
        for name, value in settings.items():
            if _make(raw, name, value):
                new.append(name)
        yield
    except BaseException:
        if not raw.closed:  # over a lost connection nothing can be taken back; the note of what is ours stays
            raw.execute(_CLEAR, (new,))
        raise


def _make(raw: psycopg.Connection[Any], name: str, value: str) -> bool:
    """Make one setting; True when it was not there before."""
    try:
        ours, there, same = raw.execute(_LOOK, (name, name, name, value)).fetchone() or (False, False, False)
        if there and not ours:
            if same:
                return False
            raise ModelError(
                f"An administrator has set {name} in this database to something else than your environment says: leave "
                f"{' and '.join(SERVICES[name.partition('.')[0]])} out of it, or have the setting removed."
            )
        raw.execute(_SET, (name, value, name))
        return not ours
    except psycopg.errors.InsufficientPrivilege as error:
        raise ModelError(
            f"This user may not make settings of azure_ai ({error.diag.message_primary}): have an administrator grant "
            "the role azure_ai_settings_manager, or run azure_ai.set_setting."
        ) from error
    except (psycopg.errors.UndefinedFunction, psycopg.errors.InvalidSchemaName) as error:
        raise ModelError(
            "This database has no azure_ai.set_setting: CREATE EXTENSION azure_ai, or update it."
        ) from error


# Of the logging that an administrator may have switched on, everything that shows the values of a statement.
_LOGGED = """
    SELECT current_setting('log_parameter_max_length_on_error') <> '0'
        OR current_setting('log_parameter_max_length') <> '0' AND (
            current_setting('log_statement') = 'all' OR current_setting('log_min_duration_statement') <> '-1'
            OR current_setting('log_min_duration_sample') <> '-1'
            OR current_setting('log_transaction_sample_rate') <> '0')
"""
_LOOK = """
    SELECT EXISTS (SELECT FROM shop_ai.settings_made WHERE name = %s), coalesce(azure_ai.get_setting(%s), '') <> '',
           azure_ai.get_setting(%s) = %s
"""
_SET = """
    WITH done AS MATERIALIZED (SELECT azure_ai.set_setting(%s, %s))
    INSERT INTO shop_ai.settings_made SELECT %s FROM done ON CONFLICT DO NOTHING
"""
_CLEAR = """
    WITH ours AS (DELETE FROM shop_ai.settings_made WHERE name = ANY(%s) RETURNING name)
    SELECT count(azure_ai.set_setting(name, '')::text) FROM ours
"""
