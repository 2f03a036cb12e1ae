"""A folder with a Debian in it that stands for an image: made by debootstrap and the image's own Dockerfile.

Its programs run in it by chroot, in namespaces of their own for processes and mounts. So the first of them is process
1, as in a container, all of them end with it, and nothing stays mounted.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from container_check.dockerfile import Dockerfile, Instruction

SCRIPTS = Path("/usr/share/debootstrap/scripts")
CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
# $1 the root, $2 user, $3 size of /dev/shm, $4 folder, then the command
ENTER = """
mount -t proc proc "$1/proc"
mkdir -p "$1/dev/shm"
mount -t tmpfs -o "size=$3,mode=1777" tmpfs "$1/dev/shm"
root=$1 user=$2 folder=$4
shift 4
exec chroot --userspec="$user" "$root" /bin/sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""
APART = ["unshare", "--mount", "--pid", "--fork", "--kill-child"]


class RootError(Exception):
    """A command in the root failed; the text is what it said."""


class Process:
    """A process that runs in a root."""

    def __init__(self, started: subprocess.Popen[bytes]) -> None:
        self.started = started

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to process 1 of the root, as a container engine does."""
        for child in self._children():
            os.kill(int(child), number)

    def wait(self, seconds: float) -> int:
        return self.started.wait(seconds)

    def kill(self) -> None:
        """End it at once; when this returns, all that it started has ended, too."""
        while self.started.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.signal(signal.SIGKILL)
            time.sleep(0.05)

    def _children(self) -> list[str]:
        try:
            return Path(f"/proc/{self.started.pid}/task/{self.started.pid}/children").read_text().split()
        except FileNotFoundError:
            return []


class Root:
    """A Debian in a folder, and what an image adds to it."""

    def __init__(self, folder: Path, image: Dockerfile, shm_size: str = "64m") -> None:
        self.folder, self.image, self.shm_size = folder, image, shm_size
        self.user, self.work = "root", "/"
        self.environment = image.environment

    def make(self) -> None:
        """Install the release, then carry out the Dockerfile."""
        release = self.image.release
        script = release if (SCRIPTS / release).exists() else "sid"  # debootstrap may be older than the release
        _said(*APART, "debootstrap", "--variant=minbase", release, str(self.folder), mirror(), script)
        self._settle()
        for one in self.image.instructions:
            self._carry_out(one)

    def _settle(self) -> None:
        """Give apt in the root the ways to the network that this machine's apt has."""
        dump = _said("apt-config", "dump")
        ways = [line for line in dump.splitlines() if re.match(r"Acquire::(https?|Check|Retries)", line)]
        (self.folder / "etc/apt/apt.conf.d/01machine").write_text("\n".join(ways) + "\n")

    def _carry_out(self, one: Instruction) -> None:
        if one.keyword == "RUN":
            self.run("/bin/sh", "-c", one.rest)
        elif one.keyword == "COPY":
            self._copy(one.rest)
        elif one.keyword == "USER":
            self.user = one.rest
        elif one.keyword == "WORKDIR":
            self.work = one.rest
            self.path(self.work).mkdir(parents=True, exist_ok=True)

    def _copy(self, words: str) -> None:
        options = dict(re.findall(r"--(\w+)=(\S+)", words))
        *names, target = [word for word in words.split() if not word.startswith("--")]
        for name in names:
            there = Path(shutil.copy(self.image.path.parent / name, self.path(target)))
            there.chmod(int(options.get("chmod", "0644"), 8))

    def path(self, inside: str) -> Path:
        """Return where a path of the root is, seen from this machine."""
        return self.folder / inside.lstrip("/")

    def trust(self) -> None:
        """Have programs in the root trust what this machine trusts: a network may have a certificate of its own."""
        ours = Path("/") / CERTIFICATES
        if ours.exists() and (self.folder / CERTIFICATES).exists():
            shutil.copy(ours, self.folder / CERTIFICATES)

    def start(self, *command: str, output: IO[bytes] | int | None = None, **environment: str) -> Process:
        """Start a command as the image's user, in its working folder."""
        entered = [*APART, "sh", "-ec", ENTER, "sh", str(self.folder), self.user, self.shm_size, self.work, *command]
        return Process(
            subprocess.Popen(
                entered,
                env={**self.environment, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        )

    def run(self, *command: str, **environment: str) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            RootError: it failed.
        """
        running = self.start(*command, output=subprocess.PIPE, **environment)
        try:
            printed = running.started.communicate()[0].decode(errors="replace")
        finally:
            running.kill()
        if running.started.returncode:
            raise RootError(f"{' '.join(command)[:200]} failed in {self.folder.name}:\n{printed.strip()[-3000:]}")
        return printed

    def remove(self) -> None:
        """Remove the folder, unless something is still mounted in it."""
        deadline = time.monotonic() + 10  # the namespaces end with their last process
        while any(str(self.folder) in line for line in Path("/proc/mounts").read_text().splitlines()):
            if time.monotonic() > deadline:
                raise RootError(f"Something is still mounted in {self.folder}; unmount it, then remove the folder.")
            time.sleep(0.2)
        shutil.rmtree(self.folder, ignore_errors=True)


def mirror() -> str:
    """Return the Debian mirror that this machine's apt is set up for."""
    said = _said("apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)", "Created-By: Packages")
    for line in said.splitlines():
        uri, origin, label = line.split("|")
        if {origin, label} <= {"Debian", "", "$(ORIGIN)", "$(LABEL)"} and "security" not in uri:
            return uri
    raise RootError("This machine's apt is set up for no Debian mirror: run it on Debian, after apt-get update.")


def _said(*command: str, environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        words: Sequence[str] = (done.stdout + done.stderr).strip().splitlines()
        raise RootError(f"{command[0]} failed:\n" + "\n".join(words[-15:]))
    return done.stdout
