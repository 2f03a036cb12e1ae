"""The learner's record: promises seen kept, predictions made and hit, exercises repaired.

It is a small file on this machine, backend/.record.json, which git ignores. WORKSHOP_RECORD names another place; a walk
and the tests do so, because what they run is nobody's progress.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from shop.settings import BACKEND
from workshop import chain

PLACE = BACKEND / ".record.json"


@dataclass
class Entry:
    """What is recorded of one notebook.

    checks: the last verdict, "5 of 5 kept"; predictions and hits: of the last time they were compared; repaired: names
    of a lab's exercises.
    """

    checks: str = ""
    predictions: int = 0
    hits: int = 0
    repaired: list[str] = field(default_factory=list)


def path() -> Path:
    return Path(os.environ.get("WORKSHOP_RECORD") or PLACE)


def read() -> dict[str, Entry]:
    """Return the entries by notebook; none when there is no record yet.

    A file that is no record is set aside as .unreadable by the next note.
    """
    try:
        given = json.loads(path().read_text(encoding="utf-8"))
        return {name: Entry(**entry) for name, entry in given.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def checked(notebook: str, verdict: str) -> None:
    """Note the verdict of a notebook's checks."""
    with _entry(notebook) as entry:
        entry.checks = verdict


def predicted(notebook: str, verdicts: Iterable[str]) -> None:
    """Note predictions that were compared; each verdict is "right", "look again" or "not answered"."""
    made = [verdict for verdict in verdicts if verdict != "not answered"]
    with _entry(notebook) as entry:
        entry.predictions, entry.hits = len(made), made.count("right")


def repaired(notebook: str, exercise: str) -> None:
    """Note that an exercise of a lab is repaired."""
    with _entry(notebook) as entry:
        entry.repaired = sorted({*entry.repaired, exercise})


@contextmanager
def _entry(notebook: str) -> Iterator[Entry]:
    """Give the entry of a notebook, a new one when there is none, and write the record when it was changed."""
    entries = read()
    yield entries.setdefault(notebook, Entry())
    _write(entries)


def forget() -> None:
    """Begin anew."""
    path().unlink(missing_ok=True)


def rows() -> list[tuple[str, str, str]]:
    """Return (notebook, what was checked, predictions) for every notebook of the workshop that has checks."""
    entries = read()
    found = []
    for name in (*(step.name for step in chain.steps()), *chain.LABS):
        entry = entries.get(name, Entry())
        done = f"{len(entry.repaired)} repaired" if entry.repaired else entry.checks
        hit = f"{entry.hits} of {entry.predictions} right" if entry.predictions else ""
        found.append((name, done or "-", hit or "-"))
    return found


def _write(entries: dict[str, Entry]) -> None:
    """Write the whole record aside and put it in place, so that a kill in between loses nothing."""
    aside = path().with_suffix(f".{os.getpid()}")
    try:
        if path().exists() and not read():
            path().replace(path().with_suffix(".unreadable"))
        aside.write_text(json.dumps({name: asdict(entry) for name, entry in entries.items()}, indent=1))
        aside.replace(path())
    except OSError:
        # A folder that cannot be written to is no reason to stop a lesson; `workshop doctor` speaks of it.
        aside.unlink(missing_ok=True)
