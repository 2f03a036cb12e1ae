"""Repairs of a lab's exercises as a learner would make them: parts of the workshop's own, mended drafts, commands."""

from workshop import beside, labs
from workshop.labs import planted

UPGRADE, DOWNGRADE = "alembic upgrade head", "alembic downgrade -1"


def part(lab, exercise, number, *changes):
    """A part of the workshop's own repair, as the learner would put it into a cell, with changes."""
    return lambda: changed(labs.Lab(lab, None).solution(exercise).parts[number - 1], changes)


def mended(lab, name, *changes):
    """A planted draft, with changes."""
    return lambda: changed(planted(lab, name), changes)


def changed(text, changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


def carry_out(lab, exercise, texts):
    for text in texts:
        if text == UPGRADE:
            beside.upgrade(lab.settings)  # the same, without starting a program
        elif text == DOWNGRADE:
            beside.downgrade(lab.settings)
        else:
            lab.solve(exercise, text if isinstance(text, str) else text())


def reasons(report):
    return "\n".join(why for result in report.results for why in result.reasons())
