"""Running the embedded server: made at its first start, found again by every later one."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import sqlalchemy as sa
from psycopg import sql

from workshop.server import place, runtime
from workshop.server.errors import ServerError
from workshop.server.runtime import Runtime

USER = "workshop"
DATABASE = "workshop"
HOST = "127.0.0.1"
FIRST_PORT, PORTS = 15432, 10000  # below the ports that systems hand to outgoing connections
PATIENCE = 30.0  # seconds to wait for what a killed server left behind
LOG_SIZE = 10_000_000  # bytes; a longer log is set aside at the next start

SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "max_wal_size": "256MB",  # a small disk; the default lets the log of changes grow to 1 GB
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_line_prefix": "%m [%p] ",
    # Values that a statement carries, such as a password's hash, never reach the log.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}


class EmbeddedServer:
    """A PostgreSQL of the workshop's own, for one clone: on loopback, with a password, at a port that it remembers.

    home holds data/, server.log, port, password and lock.
    """

    def __init__(self, home: Path | None = None) -> None:
        self.home = home or place.home_of_this_clone()
        self.data = self.home / "data"
        self.log = self.home / "server.log"

    # -- what others ask ---------------------------------------------------------------------------------------

    @property
    def port(self) -> int | None:
        """The port that the server listens on, or listened on last; None before its first start."""
        try:
            return int((self.home / "port").read_text())
        except (OSError, ValueError):
            return None

    @property
    def graph_missing(self) -> str | None:
        """None when Apache AGE is there, otherwise one sentence that says why not."""
        tree = runtime.existing(place.base())
        return tree.graph_missing if tree else "The server's programs are not built yet: run `workshop start`."

    def url(self, database: str = DATABASE) -> sa.URL:
        """Return the address of a database, password included.

        Raises:
            ServerError: the server was never started.
        """
        port, password = self.port, self._password()
        if port is None or password is None:
            raise ServerError("The workshop's server has no address yet: run `workshop start`.")
        return sa.URL.create("postgresql+psycopg", USER, password, HOST, port, database)

    def running(self) -> bool:
        """Tell whether our server answers at our port; another server there does not count."""
        return self._process() is not None and self._answers()

    def port_is_free(self) -> bool:
        """Tell whether nobody listens at the port that is remembered."""
        return self.port is not None and _is_free(self.port)

    def start(self) -> None:
        """Start the server, made first if need be; does nothing when it runs.

        Raises:
            ServerError: with the cause and the way out.
        """
        if self.running():
            return
        with _explained():
            tree = runtime.ready(place.base())
            place.make(self.home)
            with place.locked(self.home / "lock"):
                if not self.running():
                    self._start(tree)

    def stop(self) -> bool:
        """Stop the server, ending its sessions; False when it was not running.

        Raises:
            ServerError: it does not stop.
        """
        if self._process() is None:
            return False
        with _explained():
            tree = runtime.ready(place.base())
            with place.locked(self.home / "lock"):
                return self._process() is not None and self._stop(tree)

    def remove(self) -> None:
        """Stop the server and remove its data for good."""
        self.stop()
        with _explained():
            if self.home.exists():
                shutil.rmtree(self.home)

    def retry_graph(self) -> str | None:
        """Try again to get Apache AGE; a running server is restarted with it.

        Returns:
            None when AGE is there now, otherwise one sentence that says why not.
        """
        before = self.graph_missing
        with _explained():
            tree = runtime.ready(place.base(), retry=True)
        if before and not tree.graph_missing and self.stop():
            self.start()
        return tree.graph_missing

    # -- starting ----------------------------------------------------------------------------------------------

    def _start(self, tree: Runtime) -> None:
        """Start a server that is down; the lock is ours."""
        self._rotate_log()
        if self._process() is not None:
            self._wait_for_answer()  # it is coming up or busy, started by somebody who did not wait
            return
        self._prepare(tree)
        self._launch(tree)
        self._wait_for_answer()
        self._create_database()

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_SIZE:
            self.log.replace(self.log.with_suffix(".log.1"))

    def _prepare(self, tree: Runtime) -> None:
        """Bring data folder, password and pid file to a state that a server can start from."""
        if (self.data / "PG_VERSION").exists() and (self.data / "global" / "pg_control").exists():
            made_by = (self.data / "PG_VERSION").read_text().strip()
            if made_by != str(tree.major):
                raise ServerError(
                    f"The data in {self.data} was made by PostgreSQL {made_by}, and the installed one is {tree.major}: "
                    f"remove {self.home} to begin anew, or install the requirements that fit your data."
                )
            if self._password() is None:
                self._reset_password(tree)
        else:
            self._remove_half_made()
            self._initialise(tree)
        if (pid := self._noted_pid()) and _alive(pid):
            # After a restart of the machine the number may be another program's, and PostgreSQL would take that one
            # for itself. A number that is nobody's it clears away on its own.
            (self.data / "postmaster.pid").unlink()

    def _remove_half_made(self) -> None:
        """Remove what an interrupted initdb left; refuse where a database of somebody's may be in it."""
        if self.data.exists():
            stored = self.data / "base"
            names = [one.name for one in stored.iterdir()] if stored.is_dir() else []
            if any(name.isdigit() and int(name) >= 16384 for name in names):
                raise ServerError(
                    f"{self.data} holds a database but not all of its files, so the server cannot start from it: put "
                    "them back from a copy, or remove that folder to begin anew."
                )
            shutil.rmtree(self.data)

    def _initialise(self, tree: Runtime) -> None:
        """Make the data folder aside and move it to its place, with a new password."""
        place.require_space(self.home, place.LATER)
        new, secret = self.home / "data.new", self.home / "password.new"
        shutil.rmtree(new, ignore_errors=True)
        password = secrets.token_hex(24)
        try:
            _write_private(secret, password)
            place.hand_over(secret)
            new.mkdir(mode=0o700)
            place.hand_over(new)
            settings = [f"--set={name}={value}" for name, value in SETTINGS.items()]
            ctype = "C" if os.name == "nt" else "en_US.UTF-8" if os.uname().sysname == "Darwin" else "C.UTF-8"
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--lc-collate=C", f"--lc-ctype={ctype}"]
            who = ["-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}"]
            self._run(
                [tree.program("initdb"), "-D", str(new), "-E", "UTF8", *locale, *who, *settings],
                "The data folder could not be made",
            )
            _write_private(self.home / "password", password)
            new.replace(self.data)
        finally:
            secret.unlink(missing_ok=True)
            shutil.rmtree(new, ignore_errors=True)

    def _reset_password(self, tree: Runtime) -> None:
        """Give the server a new password, through the mode that asks for none, when the file that held it is gone."""
        password = secrets.token_hex(24)
        statement = f"ALTER ROLE {USER} PASSWORD '{password}'\n"
        self._run(
            [tree.program("postgres"), "--single", "-D", str(self.data), "-c", "log_statement=none", "postgres"],
            "The server could not be given a new password",
            given=statement,
        )
        _write_private(self.home / "password", password)

    def _launch(self, tree: Runtime) -> None:
        """Start the server; another port is taken when ours is, and what a killed server left is waited for."""
        deadline = time.monotonic() + PATIENCE
        port = self._free_port(self.port)
        while True:
            (self.home / "port").write_text(f"{port}\n")
            loaded = "" if tree.graph_missing else " -c shared_preload_libraries=age"
            command = [tree.program("pg_ctl"), "start", "-w", "-s", "-t", "60", "-D", str(self.data)]
            said = self._attempt([*command, "-o", f"-p {port}{loaded}"])
            if said is None:
                return
            if "Address already in use" in said or "could not create any TCP/IP sockets" in said:
                port = self._free_port(port + 1)
            elif "shared memory block" in said or "already exists" in said:
                self._end_orphans()
                time.sleep(0.3)
            else:
                raise self._failure("The server did not start", said)
            if time.monotonic() > deadline:
                raise self._failure("The server did not start", said)

    def _free_port(self, wanted: int | None) -> int:
        """Return a port that nobody listens on, the wanted one if possible."""
        first = FIRST_PORT + zlib.crc32(os.fsencode(self.home)) % PORTS
        candidates: list[int] = [wanted or first, *range(FIRST_PORT, FIRST_PORT + PORTS)]
        for port in candidates:
            if _is_free(port):
                return port
        raise ServerError(f"No port between {FIRST_PORT} and {FIRST_PORT + PORTS} is free on {HOST}: end some servers.")

    def _end_orphans(self) -> None:
        """Tell the children of a killed server to end: they hold its memory until they notice.

        They stand in the data folder, which no other program does. Where the system does not show that, they are
        waited for.
        """
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if (entry / "cwd").readlink() == self.data.resolve():
                    os.kill(int(entry.name), signal.SIGQUIT)
            except OSError:
                continue

    def _wait_for_answer(self) -> None:
        """Wait until the server, whose process is there, lets us in."""
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > deadline or self._process() is None:
                raise ServerError(
                    f"The server runs but does not answer at port {self.port}: run `workshop stop` and `workshop "
                    f"start`; its log is {self.log}."
                )
            time.sleep(0.1)

    def _create_database(self) -> None:
        """Create the workshop's database unless it is there."""
        with self._connect() as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
            if not known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))

    # -- stopping ----------------------------------------------------------------------------------------------

    def _stop(self, tree: Runtime) -> bool:
        command = [tree.program("pg_ctl"), "stop", "-w", "-s", "-m", "fast", "-t", "60", "-D", str(self.data)]
        said = self._attempt(command)
        if said is not None and self._process() is not None:
            raise self._failure("The server did not stop", said)
        return True

    # -- asking the system -------------------------------------------------------------------------------------

    def _process(self) -> int | None:
        """Return the number of our server's process, or None when it is not there."""
        pid = self._noted_pid()
        ours = pid is not None and _alive(pid) and str(self.data) in (_command_of(pid) or str(self.data))
        return pid if ours else None

    def _noted_pid(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().splitlines()[0])
        except (OSError, ValueError, IndexError):
            return None

    def _answers(self) -> bool:
        try:
            with self._connect() as connection:
                row = connection.execute("SHOW data_directory").fetchone()
        except (psycopg.OperationalError, ServerError) as error:
            return getattr(error, "sqlstate", None) == "53300"  # all connections are taken, and it said so
        return row is not None and Path(str(row[0])).resolve() == self.data.resolve()

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        address = self.url("postgres")
        return psycopg.connect(
            host=HOST,
            port=address.port,
            user=USER,
            password=str(address.password),
            dbname=address.database,
            connect_timeout=5,
            sslmode="disable",  # whatever PGSSLMODE says
            options="",
            autocommit=True,
        )

    def _password(self) -> str | None:
        try:
            return (self.home / "password").read_text().strip() or None
        except FileNotFoundError:
            return None

    # -- commands and what they said ---------------------------------------------------------------------------

    def _run(self, command: list[str], failed: str, given: str | None = None) -> None:
        said = self._attempt(command, given)
        if said is not None:
            raise self._failure(failed, said)

    def _attempt(self, command: list[str], given: str | None = None) -> str | None:
        """Run a program with its output in the log; return what it added to the log if it failed, else None."""
        before = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a", encoding="utf-8") as log:
            self.log.chmod(0o600)
            try:
                status = place.run(command, log, given)
            except subprocess.TimeoutExpired:
                return "it was not done after two minutes"
        with self.log.open("rb") as log_read:
            log_read.seek(before)
            said = log_read.read().decode("utf-8", errors="replace")
        return said if status else None

    def _failure(self, what: str, said: str) -> ServerError:
        return ServerError(f"{what}: {_last_meaningful(said)}. The whole log is {self.log}.")


@contextmanager
def _explained() -> Iterator[None]:
    """Turn what the system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise ServerError(
            f"The server's files cannot be used: {error.strerror or error}{where}. Mend that, or set WORKSHOP_HOME to "
            "another folder."
        ) from error


def _write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    aside = path.with_name(f"{path.name}.writing")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
    aside.replace(path)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asked:
        if os.name != "nt":
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
        try:
            asked.bind((HOST, port))
            asked.listen(1)
        except OSError:
            return False
    return True


def _alive(pid: int) -> bool:
    if os.name == "nt":  # os.kill(pid, 0) would end it
        listed = subprocess.run(
            ["tasklist", "/FI", f"PID eq {pid}", "/NH"], capture_output=True, text=True, check=False
        )
        return str(pid) in listed.stdout
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command_of(pid: int) -> str | None:
    """Return a process's command line ("" for one that has ended and was not collected), None where nobody tells."""
    if (shown := Path(f"/proc/{pid}/cmdline")).exists():
        return os.fsdecode(shown.read_bytes()).replace("\0", " ").strip() or "(ended)"
    if os.name == "nt":
        return None
    try:
        listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return listed.stdout.strip() or None


def _last_meaningful(said: str) -> str:
    """Return the line of a log that says why, without its time and process."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    # "contains errors" and pg_ctl's own words only say that there is more to read.
    telling = [
        line
        for line in lines
        if re.search(r"FATAL|PANIC|error:|could not|unrecognized|invalid value", line)
        and not re.search(r"contains errors|pg_ctl: could not", line)
    ]
    last = next(iter(telling[-1:] or lines[-1:]), "it said nothing")
    return re.sub(r"^.*?(FATAL|PANIC|ERROR|LOG|error): +", "", last).rstrip(".")
