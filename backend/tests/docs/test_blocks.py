"""Every block of every page runs: a test for each page."""

from __future__ import annotations

import pytest

from shop.settings import ROOT
from tests.docs import pages

NAMES = [path.relative_to(ROOT).as_posix() for path in pages.pages()]
LONG = {f"docs/labs/lab_{name}.md" for name in ("break_it_and_repair_it", "roll_back_and_repair", "ship_it")} | {
    f"docs/guides/{name}.md" for name in ("ci_cd", "contributors", "instructors", "set_up", "troubleshooting")
}


def test_the_long_pages_are_pages():
    assert set(NAMES) > LONG


@pytest.mark.parametrize("name", [pytest.param(one, marks=pytest.mark.slow) if one in LONG else one for one in NAMES])
def test_blocks(name, session):
    session.run(pages.read(ROOT / name))
