"""One data folder and the server that runs on it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from filelock import FileLock

from workshop.server import places
from workshop.server.places import ServerError, as_root
from workshop.server.runtime import Runtime, runtime

USER = "workshop"
DATABASE = "workshop"
NEEDED_MB = 200
PATIENCE = 60.0  # seconds for the server to come up, recovery after a crash included

# Appended to postgresql.conf when the cluster is made.
CONFIGURATION = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 256MB
timezone = 'UTC'
lc_messages = 'C'
# Values of statements may hold keys of an AI provider: the log never shows them.
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
"""

__all__ = ["EmbeddedServer", "ServerError"]


class EmbeddedServer:
    """PostgreSQL on 127.0.0.1, on a data folder of its own; it outlives the process that starts it."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or places.home_of_this_clone()
        self.data = self.home / "data"
        self.log = self.home / "server.log"

    @property
    def port(self) -> int | None:
        """The port it uses or used last; None before the first start."""
        file = self.home / "port"
        return int(file.read_text(encoding="ascii")) if file.exists() else None

    def url(self, database: str = DATABASE) -> sa.URL:
        """Return the address of one of its databases, with the password.

        Raises:
            ServerError: it was never started.
        """
        if self.port is None:
            raise ServerError("The workshop's server was never started: run `workshop start`.")
        password = (self.home / "password").read_text(encoding="ascii")
        return sa.URL.create("postgresql+psycopg", USER, password, "127.0.0.1", self.port, database)

    def running(self) -> bool:
        """Tell whether it answers: this very server, not just any on its port."""
        if self.port is None or not (self.data / "postmaster.pid").exists():
            return False
        try:
            with self._connect("postgres", timeout=3) as connection:
                row = connection.execute("SELECT current_setting('data_directory')").fetchone()
        except psycopg.OperationalError:
            return False
        return row is not None and Path(row[0]) == self.data

    def start(self) -> None:
        """Start it, unless it runs; make the cluster first, if there is none.

        Two starts at once are safe: the second waits and finds it running.

        Raises:
            ServerError: with the last words of the log.
        """
        places.make(self.home)
        with FileLock(self.home / "lock"):
            if self.running():
                return
            places.require_space(self.home, NEEDED_MB)
            programs = runtime()
            if not (self.data / "PG_VERSION").exists():
                self._make(programs)
            self._launch(programs)
            self._make_database()

    def stop(self) -> bool:
        """Stop it, ending its sessions; return False when it was not running."""
        if not self.running():
            return False
        with FileLock(self.home / "lock"):
            self._run(runtime().bin / "pg_ctl", "-D", self.data, "-m", "fast", "-w", "stop")
        return True

    def remove(self) -> None:
        """Stop it and remove its data for good."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    # -- making -------------------------------------------------------------------------------------------------

    def _make(self, programs: Runtime) -> None:
        """Make the cluster aside and rename it, so that an interrupted initdb is made again."""
        aside = self.home / "data.making"
        shutil.rmtree(aside, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)
        aside.mkdir(mode=0o700)
        password = secrets.token_urlsafe(24)
        pwfile = self.home / "initial-password"
        _write_private(pwfile, password)
        if as_root():
            for path in (aside, pwfile):
                os.chown(path, places.NOBODY, places.NOBODY)
        try:
            self._run(
                programs.bin / "initdb",
                *("-D", aside, "-U", USER, "-A", "scram-sha-256", "--pwfile", pwfile),
                *("-E", "UTF8", "--locale=C.UTF-8" if os.name != "nt" else "--locale=C"),
            )
        finally:
            pwfile.unlink()
        preload = "" if programs.graph_missing else "shared_preload_libraries = 'age'\n"
        with (aside / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(CONFIGURATION + preload)
        _write_private(self.home / "password", password)
        aside.rename(self.data)

    def _make_database(self) -> None:
        with self._connect("postgres") as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if found.fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    # -- starting -----------------------------------------------------------------------------------------------

    def _launch(self, programs: Runtime) -> None:
        """Start on the remembered port, or on a new one when somebody else has it.

        After a kill -9 the dead server's children hold its shared memory for a moment: try again.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            port = self.port if self.port and _free(self.port) else _any_free_port()
            (self.home / "port").write_text(str(port), encoding="ascii")
            try:
                self._run(
                    programs.bin / "pg_ctl",
                    *(
                        "-D",
                        self.data,
                        "-l",
                        self._server_log(),
                        "-o",
                        f"-p {port}",
                        "-w",
                        "-t",
                        int(PATIENCE),
                        "start",
                    ),
                )
            except ServerError:
                if time.monotonic() > deadline or not self._worth_another_try():
                    raise
                time.sleep(0.5)
            else:
                return

    def _worth_another_try(self) -> bool:
        said = self._last_words(20)
        return any(words in said for words in ("still in use", "could not bind", "lock file", "Address already in use"))

    def _server_log(self) -> Path:
        """Return the log, made so that the server's user may write to it."""
        self.log.touch(mode=0o600)
        if as_root():
            os.chown(self.log, places.NOBODY, places.NOBODY)
        return self.log

    def _run(self, *command: object) -> None:
        """Run a program of PostgreSQL in a session of its own, with files for its output.

        The server inherits both: it must survive the notebook that started it, and must not hold its pipes.
        """
        who: dict[str, Any] = {}
        if as_root():
            who = {"user": places.NOBODY, "group": places.NOBODY, "extra_groups": []}
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"}
        if os.name == "nt":
            environment["SYSTEMROOT"] = os.environ.get("SYSTEMROOT", "")
        with (self.home / "commands.log").open("a", encoding="utf-8") as output:
            done = subprocess.run(
                [str(word) for word in command],
                cwd=self.home.anchor,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                check=False,
                **who,
            )
        if done.returncode:
            raise ServerError(
                f"PostgreSQL's {Path(str(command[0])).stem} failed: {self._last_words(1)} "
                f"(more in {self.log} and {self.home / 'commands.log'})."
            )

    def _last_words(self, lines: int) -> str:
        """Return the last lines that say something, of the server's log and the commands' log."""
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in self._logs() if path.exists()]
        said = [line for text in texts for line in text.splitlines()[-20:] if line.strip()]
        telling = [line for line in said if "FATAL" in line or "error" in line.lower() or "could not" in line]
        return " | ".join((telling or said or ["no message"])[-lines:])

    def _logs(self) -> tuple[Path, Path]:
        newest_last = sorted(
            (self.log, self.home / "commands.log"), key=lambda p: p.stat().st_mtime if p.exists() else 0
        )
        return newest_last[0], newest_last[1]

    def _connect(self, database: str, timeout: int = 10) -> psycopg.Connection[tuple[Any, ...]]:
        url = self.url(database).set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(hide_password=False), connect_timeout=timeout, autocommit=True)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _free(port: int) -> bool:
    with socket.socket() as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
