"""Every block of every page runs: a test for each page."""

from __future__ import annotations

import pytest

from shop.settings import ROOT
from tests.docs import pages

NAMES = [path.relative_to(ROOT).as_posix() for path in pages.pages()]


@pytest.mark.parametrize("name", NAMES)
def test_blocks(name, session):
    session.run(pages.read(ROOT / name))
