"""Lines that their author excuses: `# review: allow R101 because the table is a copy`.

The comment stands on the line of the finding, alone on the line above, or on the first or last line of its statement;
inside an SQL text it begins with `--`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from workshop.review.findings import RULES, Finding, Hits, rule
from workshop.review.source import Source
from workshop.review.story import Story

EXCUSE = re.compile(
    r"(?:#|--)\s*review:\s*allow\b\s*(?P<rules>R\d{3}(?:\s*,\s*R\d{3})*)?(?:\s+because\b\s*(?P<why>.*))?"
)


@dataclass(frozen=True)
class Excuse:
    """One such comment. why: "" when it gives no reason."""

    line: int
    rules: tuple[str, ...]
    why: str


def excuses(source: Source) -> list[Excuse]:
    """Return the excuses of a file, in the order of its lines."""
    found = []
    for number, line in enumerate(source.lines, 1):
        if match := EXCUSE.search(line):
            named = tuple(re.findall(r"R\d{3}", match["rules"] or ""))
            found.append(Excuse(number, named, (match["why"] or "").strip()))
    return found


def covers(source: Source, excuse: Excuse, finding: Finding) -> bool:
    """Tell whether an excuse speaks of a finding and gives a reason."""
    if finding.rule not in excuse.rules or not _is_reason(excuse.why):
        return False
    above = source.lines[excuse.line - 1].strip().startswith(("#", "--")) and excuse.line == finding.line - 1
    if excuse.line == finding.line or above:
        return True
    around = [(a, b) for a, b in source.spans if a <= finding.line <= b]
    if not around:
        return False
    first, last = min(around, key=lambda span: span[1] - span[0])
    return excuse.line in (first, last)


def _is_reason(why: str) -> bool:
    return len(re.findall(r"\w+", why)) >= 2


@rule(
    "R901",
    "an excuse without a reason",
    "Write `# review: allow R101 because ...` with a rule of `workshop review --rules` and a reason in words.",
)
def excuse_without_reason(story: Story) -> Hits:
    """An excuse names the rule and says why, so that the next reader can judge whether the reason still holds."""
    for excuse in excuses(story.source):
        unknown = [number for number in excuse.rules if number not in RULES]
        if not excuse.rules:
            yield excuse.line, "The excuse does not name a rule."
        elif unknown:
            yield excuse.line, f"There is no rule {', '.join(unknown)}."
        elif not _is_reason(excuse.why):
            yield excuse.line, "The excuse gives no reason."
