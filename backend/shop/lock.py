"""One migration run at a time: a session-level advisory lock, taken by polling.

A waiter inside `SELECT pg_advisory_lock()` would hold a snapshot for as long as it waits, and CREATE INDEX
CONCURRENTLY of the runner waits for every older snapshot: the two would deadlock. So the waiter asks, in
autocommit, sleeps with no transaction open, and asks again.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

import sqlalchemy as sa

from shop.database import DatabaseError

KEY = 7_310_420_001  # any number that no other program in this database uses
POLL = 0.2  # seconds between two questions
PATIENCE = 900.0  # seconds until the wait is given up

_HOLDER = sa.text("""
    SELECT a.pid, a.application_name, a.backend_start
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database
          WHERE datname = current_database()) AND (l.classid::bigint << 32) + l.objid::bigint = :key
""")


@contextlib.contextmanager
def migration_lock(connection: sa.Connection, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock on this connection for the length of the block.

    Args:
        connection: not in a transaction; it is in none afterwards either.
        patience: seconds to wait for another run before giving up.

    Raises:
        DatabaseError: another run still holds the lock when patience ends.
    """
    usual = connection.get_isolation_level()
    connection.execution_options(isolation_level="AUTOCOMMIT")
    _acquire(connection, patience)
    connection.execution_options(isolation_level=usual)
    try:
        yield
    finally:
        # Over a lost connection there is nothing to release: the server did it when the session ended. Its failure
        # must not hide the one that lost the connection.
        with contextlib.suppress(sa.exc.DBAPIError):
            connection.rollback()
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.scalar(sa.select(sa.func.pg_advisory_unlock(KEY)))
            connection.rollback()
            connection.execution_options(isolation_level=usual)


def _acquire(connection: sa.Connection, patience: float) -> None:
    deadline, told = time.monotonic() + patience, False
    while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(KEY))):
        if not told or time.monotonic() > deadline:
            holder = connection.execute(_HOLDER, {"key": KEY}).first()
            who = f"process {holder.pid} ({holder.application_name or 'unnamed'})" if holder else "another session"
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"Another migration run still holds the lock of this database: {who}. Wait for it, or end it "
                    "with pg_terminate_backend(), and run the command again; nothing was changed."
                )
            told = print(f"Waiting for another migration run: {who} ...", file=sys.stderr) is None
        connection.rollback()
        time.sleep(POLL)
    connection.rollback()
