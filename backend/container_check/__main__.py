"""`make check-container`: both images of the Dev Container, tried in Debian roots without a container engine.

Each root is made by debootstrap from the release that the Dockerfile names, and the Dockerfile's own instructions are
carried out in it. The database is then started by the image's entrypoint, judged by the health check of compose.yaml,
walked up and down by Alembic, stopped and started again; in the workspace the Dev Container's first command runs.

Needs root, a network and debootstrap; takes some minutes, and removes what it made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from dotenv import dotenv_values

from container_check import compose, dockerfile
from container_check.root import Process, Root, RootError
from shop.settings import BACKEND, ROOT

PROGRAMS = {
    "debootstrap": "apt-get install debootstrap",
    "unshare": "apt-get install util-linux",
    "chroot": "apt-get install coreutils",
    "git": "apt-get install git",
}
PATIENCE = 60  # seconds for the server to become healthy


def main() -> int:
    """Run all parts; return 1 when one fails."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--only", choices=("db", "workspace"), help="leave out what only the other image is for")
    chosen = words.parse_args().only
    if missing := list(_missing()):
        sys.exit("make check-container cannot run here:\n" + "\n".join(f"  {line}" for line in missing))
    place = Path(tempfile.mkdtemp(prefix="agenticshop-roots-"))
    place.chmod(0o755)
    started = time.monotonic()
    try:
        with _Database(place / "db") as db:
            if chosen != "workspace":
                db.walk()
            if chosen != "db":
                _workspace(place / "workspace", db)
            if chosen != "workspace":
                db.endings()
    except (RootError, AssertionError) as error:
        print(f"FAILED  {error}")
        return 1
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print(
        f"The images work, as far as they can be tried without a container engine ({time.monotonic() - started:.0f} s)."
    )
    return 0


def _missing() -> Iterator[str]:
    """Say what this machine lacks, and how to get it."""
    if os.geteuid() != 0:
        yield "it needs root, for chroot: run it in a virtual machine or a container, or with sudo"
    for program, way in PROGRAMS.items():
        if not shutil.which(program):
            yield f"{program} is missing: {way}"


@contextmanager
def _step(what: str) -> Iterator[None]:
    started = time.monotonic()
    print(f"        {what} ...", flush=True)
    yield
    print(f"{time.monotonic() - started:5.1f} s {what}", flush=True)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise RootError(otherwise)


class _Database:
    """The service `db`, at a free port of loopback."""

    def __init__(self, folder: Path) -> None:
        self.service = compose.services()["db"]
        image = dockerfile.read(ROOT / self.service["build"] / "Dockerfile")
        self.root = Root(folder, image, self.service["shm_size"].removesuffix("b"))
        self.port = str(_free_port())
        self.given = {**self.service["environment"], "PGPORT": self.port}
        self.log = folder.with_name("db.log")
        self.process: Process | None = None

    def __enter__(self) -> _Database:
        with _step(f"debian {self.root.image.release} with {', '.join(self.root.image.packages)}"):
            self.root.make()
        print("        " + self.root.run("dpkg-query", "-W", *self.root.image.packages).replace("\n", "; ").strip("; "))
        self._start_killed()
        with _step("first start, until healthy"):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process:
            self.process.kill()
        self.root.remove()

    @property
    def address(self) -> str:
        """The address that backend/.env.example holds, at our port."""
        said = dotenv_values(BACKEND / ".env.example")["DATABASE_URL"] or ""
        return said.replace(":5432/", f":{self.port}/")

    def _start_killed(self) -> None:
        """Kill the first start while it makes the data: the next one must begin anew."""
        data = self.root.path(self.root.environment["PGDATA"])
        with _step("a first start that is killed half way"), self.log.open("ab") as log:
            running = self.root.start(*self._entrypoint(), output=log, **self.given)
            _until(lambda: Path(f"{data}.new/PG_VERSION").exists(), "the entrypoint made no data")
            running.kill()
            _expect(not data.exists(), "A start that was killed half way left data that looks complete")

    def _entrypoint(self) -> list[str]:
        words: list[str] = eval(self.root.image.last("ENTRYPOINT"), {"__builtins__": {}})  # noqa: S307 - our own list
        return [*words, "-c", "listen_addresses=127.0.0.1"]

    def _start(self) -> None:
        with self.log.open("ab") as log:
            self.process = self.root.start(*self._entrypoint(), output=log, **self.given)
        _until(lambda: self._health() is None, "the server did not become healthy", lambda: self._health() or "")

    def _health(self, **other: str) -> str | None:
        """Run the health check of compose.yaml; return what is wrong."""
        kind, *command = self.service["healthcheck"]["test"]
        _expect(kind == "CMD", "the health check of compose.yaml is no command")
        try:
            self.root.run(*command, **{**self.given, **other})
        except RootError as error:
            return f"{error}\n{self.log.read_text(errors='replace')[-2000:]}"
        return None

    def walk(self) -> None:
        """What a reader does from the clone, with the address of .env.example."""
        wrong = self._health(POSTGRES_PASSWORD="not this one")  # noqa: S106
        _expect("password authentication failed" in (wrong or ""), "The health check accepts any password")
        self._empty()
        self._alembic("upgrade", "head")
        self._alembic("check")
        with _step("workshop doctor"):
            print(self._here("workshop", "doctor"))
        self._alembic("downgrade", "base")
        self._empty()

    def _empty(self) -> None:
        """The entrypoint, and a downgrade to base, leave the database without tables, extensions and schemas."""
        asked = (
            "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' UNION ALL "
            "SELECT nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname NOT IN "
            "('public', 'information_schema') UNION ALL "
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname !~ '^alembic_version'"
        )
        with closing(psycopg.connect(self.address)) as connection:
            found = [row[0] for row in connection.execute(asked)]
        _expect(not found, f"The database should be empty, and holds {', '.join(found)}")

    def _alembic(self, *words: str) -> None:
        with _step(f"alembic {' '.join(words)}"):
            self._here("alembic", *words)

    def _here(self, program: str, *words: str) -> str:
        """Run one of the clone's own programs."""
        done = subprocess.run(
            [Path(sys.executable).with_name(program), *words],
            cwd=BACKEND,
            env={**os.environ, "DATABASE_URL": self.address, "WORKSHOP_SERVER": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        _expect(done.returncode == 0, f"{program} {' '.join(words)}:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout.rstrip()

    def endings(self) -> None:
        """Stop it with a session open, start it on the data that is there, stop it by SIGTERM."""
        fast = signal.Signals[self.root.image.last("STOPSIGNAL", "SIGTERM")]
        with _step(f"{fast.name} with a session open"), closing(psycopg.connect(self.address)):
            self._stop(fast)
        with _step("start on the data that is there, until healthy"):
            self._start()
        with _step("SIGTERM"):
            self._stop(signal.SIGTERM)
        made = self.log.read_text(errors="replace").count("making the data")
        _expect(made == 2, f"The data was made {made} times: once for the start that was killed, once for good")

    def _stop(self, number: signal.Signals) -> None:
        assert self.process
        self.process.signal(number)
        status = self.process.wait(30)
        self.process = None
        said = self.log.read_text(errors="replace")
        clean = status == 0 and said.rstrip().endswith("database system is shut down")
        _expect(clean, f"{number.name} ended the server with status {status}:\n{said[-1500:]}")


def _workspace(folder: Path, db: _Database) -> None:
    """The service `workspace`: the Dev Container's first command, then a notebook, as its user."""
    service = compose.services()["workspace"]
    root = Root(folder, dockerfile.read(ROOT / service["build"] / "Dockerfile"))
    with _step(f"debian {root.image.release} with {', '.join(root.image.packages)}"):
        root.make()
        root.trust()
    _copy_clone(root)
    with root.path("/etc/hosts").open("a") as hosts:
        hosts.write("127.0.0.1 localhost db\n")  # what compose's network does
    given = {
        **{name: value.replace(":5432/", f":{db.port}/") for name, value in service["environment"].items()},
        "HOME": f"/home/{root.user}",
    }
    with _step(f".devcontainer/post-create as {root.user}"):
        print(root.run(".devcontainer/post-create", **given).rstrip())
    with _step("the notebook 0003_seed_catalog, on the service db"):
        root.run(".venv/bin/workshop", "walk", "--only", "0003", **given)
    root.remove()


def _copy_clone(root: Root) -> None:
    """Put the clone's files where compose.yaml mounts them, changes that are not committed yet included."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).exists():
            target = root.path(root.work) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target)
    owner, root.user = root.user, "root"
    root.run("chown", "--recursive", owner, root.work)
    root.user = owner


def _until(done: object, otherwise: str, why: object = None) -> None:
    """Wait until done() is true."""
    assert callable(done)
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise RootError(f"After {PATIENCE} seconds {otherwise}. {why() if callable(why) else ''}")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
