"""A copy of the repository's working tree, in which a test may plant a defect or run what writes into it."""

from __future__ import annotations

import shutil
from pathlib import Path

from shop.settings import ROOT

MADE = shutil.ignore_patterns(".git", ".venv*", ".env", "__pycache__", ".*_cache", "scratch", ".ipynb_checkpoints")


def copy_repository(root: Path) -> Path:
    """Copy the working tree to a new folder and return it."""
    return Path(shutil.copytree(ROOT, root, ignore=left_out))


def left_out(folder: str, names: list[str]) -> set[str]:
    """Name what a copy does without: what git ignores, and git itself."""
    # Folders called build and site are made at the top only; deeper ones are the repository's.
    return MADE(folder, names) | ({"build", "site"} if Path(folder) == ROOT else set())
