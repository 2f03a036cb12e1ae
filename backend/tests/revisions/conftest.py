"""The way of a revision: before, upgrade, after, downgrade, as before."""

from __future__ import annotations

import pytest

from shop import database
from workshop import chain, steps, xray


class Round:
    """One revision on the test's database, from the state before it."""

    def __init__(self, name, settings):
        self.step, self.settings = chain.find(name), settings
        self.before = self.look()

    def look(self):
        with database.connect(self.settings) as connection:
            return xray.snapshot(connection)

    def up(self):
        before = self.look()
        steps.upgrade(self.settings, self.step.name)
        return xray.compare(before, self.look())

    def down(self):
        steps.downgrade(self.settings, self.step.before)

    def run(self, statement, **parameters):
        from sqlalchemy import text

        with database.connect(self.settings) as connection, connection.begin():
            result = connection.execute(text(statement), parameters)
            return result.all() if result.returns_rows else None

    def leaves_no_trace(self):
        left = xray.compare(self.before, self.look())
        assert not left, f"the downgrade left a trace: {left}"
        assert self.look().fingerprint == self.before.fingerprint
        return True


@pytest.fixture
def revision(request, at):
    """The round of the revision that the test is given, or that its file is named after."""
    name = getattr(request, "param", None) or request.path.stem.removeprefix("test_")
    return Round(name, at(chain.find(name).before))
