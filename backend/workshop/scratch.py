"""The learner's own drafts: revisions in backend/scratch, which git ignores.

Alembic sees them only when it is told to read scratch.ini instead of alembic.ini (`ALEMBIC_CONFIG=scratch.ini`), so
that a draft can neither be deployed nor shipped by accident. WORKSHOP_SCRATCH names another folder; a walk and the
tests do so, because the learner's drafts are not theirs.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from types import EllipsisType

import sqlalchemy as sa
from alembic.config import Config

from shop.errors import ExplainedError
from shop.settings import BACKEND

CONFIG = BACKEND / "scratch.ini"
MODELS = BACKEND / "shop" / "models"
COPY = "draft_models"  # the package that scratch.ini puts before shop.models
KEPT = ("release.sql", "gate.sh")  # what a lab writes there besides: a script, the commands of a gate
COLLEAGUE = "colleague"  # a folder that Alembic does not read: drafts that are not on this branch


class ScratchError(ExplainedError):
    """A draft cannot be written, found or changed as it was asked."""


def folder() -> Path:
    """Return the folder of the drafts, made if it is missing."""
    place = Path(os.environ.get("WORKSHOP_SCRATCH") or BACKEND / "scratch")
    place.mkdir(parents=True, exist_ok=True)
    return place


def config() -> Path:
    """Return the configuration by which Alembic sees the drafts: scratch.ini, or its like beside another folder."""
    place = folder()
    if place == BACKEND / "scratch":
        return CONFIG
    text = CONFIG.read_text(encoding="utf-8").replace("%(here)s/scratch", str(place))
    elsewhere = place / CONFIG.name
    elsewhere.write_text(text.replace("%(here)s", str(BACKEND)), encoding="utf-8")
    return elsewhere


def alembic_config() -> Config:
    """Return Alembic's configuration with the drafts in sight, silent."""
    for name in [name for name in sys.modules if name.split(".")[0] == COPY]:
        del sys.modules[name]  # the copy may have been changed since this process read it
    importlib.invalidate_caches()
    found = Config(config())
    found.attributes["configure_logging"] = False
    return found


@dataclass(frozen=True)
class File:
    """A file of the learner's: a draft, or a copy of the shop's models."""

    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def replace(self, old: str | EllipsisType, new: str | EllipsisType) -> File:
        """Change a part of the text. Dots (`...`) change nothing.

        Raises:
            ScratchError: the part does not stand in the file exactly once.
        """
        if isinstance(old, EllipsisType) or isinstance(new, EllipsisType):
            return self
        times = self.text.count(old)
        if times != 1:
            raise ScratchError(f"{self.path.name} holds {old!r} {times} times; it must be there exactly once.")
        self.path.write_text(self.text.replace(old, new), encoding="utf-8")
        return self

    def _repr_html_(self) -> str:
        from IPython.display import Code

        return str(Code(self.text, language="python")._repr_html_())

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:  # in the executed notebook; it must not say where on this machine the file lies
        return f"File({self.path.name})"


def write(name: str, text: str) -> Path:
    """Write a draft; its name must be the revision id that it declares.

    Raises:
        ScratchError: the name is no revision id, or the text declares another one, or is not Python.
    """
    if not re.fullmatch(r"[a-z0-9_]{1,32}", name):
        raise ScratchError(f'"{name}" is no revision id: use small letters, digits and _, at most 32 characters.')
    if declared(text) != name:
        raise ScratchError(f'The draft must say: revision = "{name}"')
    path = folder() / f"{name}.py"
    path.write_text(text, encoding="utf-8")
    return path


def write_as_declared(text: str) -> Path:
    """Write a draft under the revision id that it declares.

    Raises:
        ScratchError: it declares none, or one that is no revision id, or is not Python.
    """
    return write(declared(text), text)


def declared(text: str) -> str:
    """Return the revision id that a draft declares.

    Raises:
        ScratchError: it is not Python, or declares none.
    """
    try:
        parsed = ast.parse(text)
    except SyntaxError as error:
        raise ScratchError(f"The draft is not Python: line {error.lineno}: {error.msg}.") from None
    for node in parsed.body:
        names = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        value = getattr(node, "value", None)
        if any(getattr(name, "id", "") == "revision" for name in names) and isinstance(value, ast.Constant):
            return str(value.value)
    raise ScratchError('The draft must say which revision it is: revision = "..."')


def drafts() -> list[Path]:
    """Return the drafts, in the order of their names."""
    return sorted(folder().glob("*.py"))


def newest() -> File:
    """Return the draft that was written last.

    Raises:
        ScratchError: there is none.
    """
    found = max(drafts(), key=lambda path: path.stat().st_mtime_ns, default=None)
    if found is None:
        raise ScratchError("There is no draft in backend/scratch: run the cell that writes it first.")
    return File(found)


def models(name: str) -> File:
    """Return one file of the copy of the models, such as "people"."""
    return File(folder() / COPY / f"{name}.py")


def copy_models(name: str) -> File:
    """Copy the shop's models into the scratch folder and return one file of the copy, such as "people".

    As long as the copy is there, autogenerate compares the database with it instead of with shop.models.

    Raises:
        ScratchError: shop/models has no such file.
    """
    if not (MODELS / f"{name}.py").exists():
        known = ", ".join(sorted(path.stem for path in MODELS.glob("[a-z]*.py")))
        raise ScratchError(f'shop/models has no file "{name}.py". It has: {known}.')
    copy = folder() / COPY
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for source in MODELS.glob("*.py"):
        text = source.read_text(encoding="utf-8").replace("shop.models", COPY)
        (copy / source.name).write_text(text, encoding="utf-8")
    return models(name)


def clear() -> None:
    """Remove drafts, what else a lab wrote and the copy of the models; folders that were set aside stay."""
    for path in [*drafts(), *folder().glob("*.env"), *_kept_files()]:
        path.unlink()
    for name in (COPY, COLLEAGUE, "__pycache__"):
        shutil.rmtree(folder() / name, ignore_errors=True)


def set_aside() -> Path | None:
    """Move the drafts, what a lab wrote besides and the copy of the models into a folder kept_<n> of their own.

    Returns:
        That folder, or None when there was nothing to move.
    """
    found = [*drafts(), *_kept_files(), *folder().glob(COPY)]
    if not found:
        return None
    numbers = [int(path.name.removeprefix("kept_")) for path in folder().glob("kept_*")]
    kept = folder() / f"kept_{max(numbers, default=0) + 1}"
    kept.mkdir()
    for path in found:
        path.rename(kept / path.name)
    return kept


def elsewhere() -> list[Path]:
    """Return the drafts that Alembic does not see: those that were set aside, and those of a colleague."""
    return sorted(path for path in folder().glob("*/*.py") if path.parent.name not in (COPY, "__pycache__"))


def hand_to_colleague(name: str) -> None:
    """Move a draft to where Alembic does not see it, as if it stood on a colleague's branch."""
    other = folder() / COLLEAGUE
    other.mkdir(exist_ok=True)
    (folder() / f"{name}.py").replace(other / f"{name}.py")


def fetch(name: str) -> Path:
    """Copy a draft that Alembic does not see back to where it does, the newest when there are several.

    Raises:
        ScratchError: there is none of that name, or one is in sight already.
    """
    found = [path for path in elsewhere() if path.stem == name]
    if not found:
        known = ", ".join(path.stem for path in elsewhere()) or "none"
        raise ScratchError(f'No draft that is out of sight is called "{name}". There are: {known}.')
    place = folder() / f"{name}.py"
    if place.exists():
        raise ScratchError(f"{place.name} is in backend/scratch already.")
    return Path(shutil.copy(max(found, key=lambda path: path.stat().st_mtime_ns), place))


def _kept_files() -> list[Path]:
    return [path for name in KEPT if (path := folder() / name).exists()]


def keep(name: str, text: str) -> None:
    """Write a file that is no draft, such as gate.sh."""
    (folder() / name).write_text(text, encoding="utf-8")


def kept(name: str) -> str:
    """Return the text of a file that is no draft; empty when it is not there."""
    path = folder() / name
    return path.read_text(encoding="utf-8") if path.exists() else ""


# -- address files: what a deployment reads --------------------------------------------------------------------------


def address_file(name: str) -> Path:
    """Return an address file.

    Raises:
        ScratchError: its name is not one, or the file is not there.
    """
    if not re.fullmatch(r"[a-z0-9_]+\.env", name):
        raise ScratchError(f'"{name}" is no address file of backend/scratch: its name is like deploy.env.')
    path = folder() / name
    if not path.exists():
        raise ScratchError(f"There is no file backend/scratch/{name}.")
    return path


def write_address(name: str, url: sa.URL) -> Path:
    """Write an address file that nobody else on this machine can read: it holds a password."""
    path = folder() / name
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(f"DATABASE_URL={url.render_as_string(hide_password=False)}\n", encoding="utf-8")
    return path
