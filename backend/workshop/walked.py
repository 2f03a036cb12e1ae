"""The stamp of the walk: which executed copies are true of what is here now.

The copies in build/notebooks are shown on the site. Each was made from the notebook, the revisions, the shop, this
package and the data; the stamp, walked.json beside them, keeps a hash of all that and the names of what passed. So a
site is built from the copies that are there, and a second walk is not needed before something changes.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from shop.settings import ROOT

FOLDERS = ("notebooks", "data", "backend/alembic", "backend/shop", "backend/workshop")
FILES = ("backend/alembic.ini", "backend/scratch.ini", "backend/requirements.lock")
ASIDE = ("backend/workshop/generated", "backend/workshop/site")  # they show, and have no part in a walk
STAMP = "walked.json"


def state(root: Path = ROOT) -> str:
    """Return a hash of everything that an executed notebook depends on."""
    digest = hashlib.sha256()
    for path in sorted(_inputs(root)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _inputs(root: Path) -> Iterator[Path]:
    yield from (root / name for name in FILES)
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            inside = path.relative_to(root)
            hidden = any(part == "__pycache__" or part.startswith(".") for part in inside.parts)
            if path.is_file() and not hidden and not inside.as_posix().startswith(ASIDE):
                yield path


def passed(executed: Path) -> set[str]:
    """Return the names of the notebooks whose executed copies are there and true of what is here now."""
    path = executed / STAMP
    stamp = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    if stamp.get("from") != state():
        return set()
    return {name for name in stamp["passed"] if (executed / f"{name}.ipynb").exists()}


def ready(executed: Path, names: Iterable[str]) -> bool:
    """Tell whether all these notebooks have true executed copies."""
    return set(names) <= passed(executed)


def note(executed: Path, made_from: str, names: Iterable[str]) -> None:
    """Write the stamp: what passed, and from what state, which was taken before the first of them ran."""
    executed.mkdir(parents=True, exist_ok=True)
    stamp = {"from": made_from, "passed": sorted(names)}
    (executed / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")


@contextmanager
def alone(executed: Path) -> Iterator[None]:
    """Let one walk at a time write into a folder; another process waits and says so. One process may come in twice."""
    executed.mkdir(parents=True, exist_ok=True)
    lock = FileLock(executed / ".lock", is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        print(f"Another process is walking the notebooks into {executed}; waiting for it.", file=sys.stderr)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()
