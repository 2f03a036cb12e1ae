"""What a learner types in backend/ after `workshop start`, in a copy of the repository with a server of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from workshop import chain

HEAD = chain.steps()[-1].name
EVERYTHING = [
    ("upgrade head", HEAD),
    ("current", "(head)"),
    ("history --verbose", f"Rev: {HEAD} (head)"),
    ("check", "No new upgrade operations detected"),
    ("downgrade base", "Running downgrade 0001_create_sample_table -> "),
    ("upgrade +1", "Running upgrade  -> 0001_create_sample_table"),
]


@pytest.fixture
def terminal(clone, base):
    """A plain terminal in backend/: no DATABASE_URL, the address comes from the file that `workshop start` wrote."""
    clone.environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "WORKSHOP_SERVER")}
    clone.environment |= {"PYTHONPATH": str(clone.root / "backend"), "WORKSHOP_HOME": str(base)}

    def alembic(line: str) -> str:
        done = subprocess.run(
            [Path(sys.executable).with_name("alembic"), *line.split()],
            cwd=clone.root / "backend",
            env=clone.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said

    clone.alembic = alembic
    yield clone
    clone.run("stop", "--and-remove-data")


def run_everything(terminal):
    for line, word in EVERYTHING:
        assert word in terminal.alembic(line), line
    terminal.alembic("downgrade base")


def server_of(terminal):
    """The process and the port of the copy's own server."""
    home = next((Path(terminal.environment["WORKSHOP_HOME"]) / "clusters").glob("*/data/postmaster.pid"))
    pid, _, _, port, *_ = home.read_text().splitlines()
    return int(pid), int(port)


def test_plain_alembic_commands_after_start_stop_kill_and_with_the_port_taken(terminal):
    started = terminal.run("start")
    assert started.returncode == 0, started.stderr
    env_file = terminal.root / "backend" / ".env"
    assert env_file.stat().st_mode & 0o777 == 0o600
    run_everything(terminal)

    assert terminal.run("stop").stdout == "Stopped.\n"
    assert terminal.run("start").returncode == 0
    run_everything(terminal)

    pid, _ = server_of(terminal)
    os.kill(pid, signal.SIGKILL)
    assert terminal.run("start").returncode == 0
    run_everything(terminal)

    _, port = server_of(terminal)
    assert terminal.run("stop").returncode == 0
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", port))
        other.listen()
        assert terminal.run("start").returncode == 0
        assert server_of(terminal)[1] != port
        assert f":{server_of(terminal)[1]}/" in env_file.read_text()
        run_everything(terminal)
