"""The learner's own drafts: revisions in backend/scratch, which git ignores.

Alembic sees them only when it is told to read scratch.ini instead of alembic.ini (`ALEMBIC_CONFIG=scratch.ini`), so
that a draft can neither be deployed nor shipped by accident.
"""

from __future__ import annotations

import re
from pathlib import Path

from shop.errors import ExplainedError
from shop.settings import BACKEND

FOLDER = BACKEND / "scratch"
CONFIG = BACKEND / "scratch.ini"


class ScratchError(ExplainedError):
    """A draft cannot be written as it is."""


def write(name: str, text: str) -> Path:
    """Write a draft; its name must be the revision id that it declares.

    Raises:
        ScratchError: the name is no revision id, or the text declares another one, or is not Python.
    """
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise ScratchError(f'"{name}" is no revision id: use small letters, digits and _, at most 32 characters.')
    try:
        compile(text, name, "exec")
    except SyntaxError as error:
        raise ScratchError(f"The draft is not Python: line {error.lineno}: {error.msg}.") from None
    if not re.search(rf"^revision\b[^=\n]*=\s*['\"]{name}['\"]", text, re.MULTILINE):
        raise ScratchError(f'The draft must say: revision = "{name}"')
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def drafts() -> list[Path]:
    return sorted(FOLDER.glob("*.py"))


def clear() -> None:
    """Remove all drafts."""
    for path in drafts():
        path.unlink()
