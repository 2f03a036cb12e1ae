"""The room that the virtual environment takes on the disk, as `du` counts it, and what must not be in it."""

from __future__ import annotations

import os
import sys
from importlib import metadata
from pathlib import Path

from benchmarks import Line

MOST = 900  # megabytes of 2^20 bytes


def measure() -> list[Line]:
    """Measure the environment that runs this."""
    names = {(one.metadata["Name"] or "").lower() for one in metadata.distributions()}
    return [
        Line("virtual environment", megabytes(Path(sys.prefix)), "MB", most=MOST, said=f"{len(names)} packages"),
        Line("of them torch", len(names & {"torch", "torchvision", "torchaudio"}), most=0),
    ]


def megabytes(folder: Path) -> float:
    """Return the blocks that the files and folders take, each file once, however many names it has."""
    seen: dict[tuple[int, int], int] = {}
    for path, _, files in os.walk(folder):
        for name in (".", *files):
            found = os.lstat(os.path.join(path, name))  # noqa: PTH118  20,000 of them
            seen[found.st_dev, found.st_ino] = found.st_blocks * 512
    return sum(seen.values()) / 2**20
