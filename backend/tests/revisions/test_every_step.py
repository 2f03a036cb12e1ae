"""What holds for every step: its promises are kept, and its way back leaves no trace."""

import pytest

from workshop import chain, checks

pytestmark = pytest.mark.parametrize("revision", [step.name for step in chain.steps()], indirect=True)


def test_every_promise_is_kept(revision, connection):
    revision.up()
    report = checks.run(revision.step, connection)
    assert report.kept, str(report)


def test_up_down_up_gives_the_same_and_down_leaves_no_trace(revision):
    revision.up()
    first = revision.look().fingerprint
    revision.down()
    assert revision.leaves_no_trace()
    revision.up()
    assert revision.look().fingerprint == first
