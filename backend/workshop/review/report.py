"""Reviewing files, and showing what was found."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from workshop.review import excuses, rules, source, squawk
from workshop.review.findings import RULES, Finding
from workshop.review.story import tell

LOADED = rules  # importing the package puts its functions on the list
NEEDS_SQUAWK = ("R307", "R406")


@dataclass(frozen=True)
class Report:
    """What was found in one file, in the order of its lines. excused: findings that the author answered for."""

    path: str
    findings: tuple[Finding, ...]
    excused: tuple[Finding, ...] = ()

    def __str__(self) -> str:
        return "\n".join(
            f"{one.path}:{one.line}  {one.rule}  {one.reason}\n    mend: {one.mend}" for one in self.findings
        )


def review(path: Path) -> Report:
    """Review one revision file.

    Raises:
        UnreadableError: it cannot be read or parsed, or is no revision.
    """
    text = source.read(path)
    try:
        story = tell(text)
        hits = {(line, one.id): reason for one in RULES.values() for line, reason in one.find(story)}
    except RecursionError:
        raise source.UnreadableError(
            f"{path} is nested too deeply to be reviewed; write it in smaller parts."
        ) from None
    shown = shown_path(path)
    found = [Finding(shown, line, number, hits[line, number], RULES[number].mend) for line, number in sorted(hits)]
    given = excuses.excuses(text)
    excused = [one for one in found if any(excuses.covers(text, excuse, one) for excuse in given)]
    return Report(shown, tuple(one for one in found if one not in excused), tuple(excused))


def shown_path(path: Path) -> str:
    """Return a path as it would be typed here."""
    inside = path.resolve().is_relative_to(Path.cwd())
    return os.path.relpath(path) if inside else str(path)


def as_text(reports: Iterable[Report]) -> str:
    """Return findings grouped by file, and a last line that counts."""
    reports = list(reports)
    found = [one for one in reports if one.findings]
    count = sum(len(one.findings) for one in reports)
    excused = sum(len(one.excused) for one in reports)
    last = f"{_many(len(reports), 'revision')} reviewed, {_many(count, 'finding') if count else 'nothing found'}"
    last += f", {excused} excused" if excused else ""
    return "\n\n".join([*map(str, found), f"{last}."])


def as_json(reports: Iterable[Report], unreadable: Iterable[str] = ()) -> str:
    """Return the same as JSON: {"findings": [...], "excused": [...], "unreadable": [...], "not_checked": [...]}."""
    reports = list(reports)
    return json.dumps(
        {
            "reviewed": [one.path for one in reports],
            "findings": [asdict(finding) for one in reports for finding in one.findings],
            "excused": [asdict(finding) for one in reports for finding in one.excused],
            "unreadable": list(unreadable),
            "not_checked": not_checked(),
        },
        indent=2,
    )


def rules_as_text() -> str:
    """Return every rule with its explanation and mend."""
    parts = []
    for one in sorted(RULES.values(), key=lambda one: one.id):
        body = "\n".join(f"    {line}".rstrip() for line in one.explanation.splitlines())
        parts.append(f"{one.id}  {one.title}\n{body}\n    mend: {one.mend}")
    return "\n\n".join(parts)


def rules_as_json() -> str:
    """Return the same as JSON, a list in the order of the ids."""
    listed = sorted(RULES.values(), key=lambda one: one.id)
    fields = [{"id": r.id, "title": r.title, "explanation": r.explanation, "mend": r.mend} for r in listed]
    return json.dumps(fields, indent=2)


def not_checked() -> list[str]:
    """Return the rules that could not be applied here."""
    return [] if squawk.program() else list(NEEDS_SQUAWK)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
