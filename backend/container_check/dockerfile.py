"""A Dockerfile as data: its instructions, its base, the packages that it installs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

KNOWN = {"FROM", "RUN", "COPY", "ENV", "USER", "WORKDIR", "EXPOSE", "STOPSIGNAL", "ENTRYPOINT"}


@dataclass(frozen=True)
class Instruction:
    """One instruction, its continued lines joined: RUN and the rest of it."""

    keyword: str
    rest: str


@dataclass(frozen=True)
class Dockerfile:
    """The instructions of a Dockerfile, in their order."""

    path: Path
    instructions: tuple[Instruction, ...]

    def all(self, keyword: str) -> list[str]:
        return [one.rest for one in self.instructions if one.keyword == keyword]

    def last(self, keyword: str, default: str = "") -> str:
        return (self.all(keyword) or [default])[-1]

    @property
    def release(self) -> str:
        """The Debian release of the base image, such as `forky` of debian:forky-slim."""
        found = re.fullmatch(r"debian:([a-z]+)-slim", self.last("FROM"))
        if not found:
            raise ValueError(f"{self.path} is based on {self.last('FROM')}, and only debian:<release>-slim can be made")
        return found[1]

    @property
    def packages(self) -> list[str]:
        """What apt-get installs by name."""
        installs = re.findall(r"apt-get install ([^&]*)", " ".join(self.all("RUN")))
        return [word for text in installs for word in text.split() if not word.startswith("-")]

    @property
    def environment(self) -> dict[str, str]:
        """What ENV sets; a later value may use an earlier one, and PATH begins as Debian's."""
        values = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        for text in self.all("ENV"):
            for pair in shlex.split(text):
                name, _, value = pair.partition("=")
                values[name] = re.sub(r"\$(\w+)", lambda found: values.get(found[1], ""), value)
        return values


def read(path: Path) -> Dockerfile:
    """Read a Dockerfile.

    Raises:
        ValueError: it uses an instruction that make check-container does not know.
    """
    found = tuple(_instructions(path.read_text(encoding="utf-8")))
    if unknown := sorted({one.keyword for one in found} - KNOWN):
        raise ValueError(f"{path} uses {', '.join(unknown)}, which make check-container does not know how to carry out")
    return Dockerfile(path, found)


def _instructions(text: str) -> Iterator[Instruction]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        keyword, _, rest = line.strip().partition(" ")
        yield Instruction(keyword, rest.strip())
