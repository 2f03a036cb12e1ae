"""Whether the chain that a revision belongs to names its constraints by a convention."""

from __future__ import annotations

import re
from pathlib import Path


def applies(revision: Path) -> bool:
    """Tell whether the env.py of this revision, or a package that it imports, sets a naming convention."""
    near = revision.resolve().parent
    for env in (near.parent / "env.py", near.parent / "alembic" / "env.py"):
        if env.is_file():
            return any("naming_convention" in text for text in _texts(env))
    return False


def _texts(env: Path) -> list[str]:
    """Return the text of env.py and of the packages of the same project that it imports from."""
    text = env.read_text(encoding="utf-8", errors="replace")
    found = [text]
    for module in re.findall(r"^\s*from\s+([\w.]+)\s+import", text, re.MULTILINE):
        place = env.parent.parent.joinpath(*module.split("."))
        files = sorted(place.glob("*.py")) if place.is_dir() else [place.with_suffix(".py")]
        found += [file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file()]
    return found
