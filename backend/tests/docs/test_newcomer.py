"""A newcomer with a fresh clone types what the set-up page and the first three steps' pages say, and nothing else.

What is borrowed, to save the network and some minutes: the virtual environment and the embedding model.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from shop import database
from shop.settings import ROOT
from tests.docs import pages
from tests.docs.conftest import remove_server
from tests.docs.pages import Block
from tests.docs.session import Session, borrow_environment, commands
from workshop import chain, checks, steps

SET_UP = ROOT / "docs" / "guides" / "set_up.md"
FETCHING, TYPING = "A Linux machine", "In a terminal, without notebooks"
# Lines of the first section that are not typed here.
LEFT_OUT = {
    "sudo apt-get": "needs the administrator's rights",
    "git clone": "the clone is made from the working tree",
    "cd ": "into the clone",
    "make walk": "runs all notebooks, which have tests of their own",
    "make lab": "does not end",
}


@pytest.fixture
def newcomer(tmp_path, monkeypatch):
    """A session in a fresh clone, with a folder of its own for the server's programs and data."""
    home = Path(tempfile.mkdtemp(prefix="workshop-test-", dir="/var/tmp" if os.name != "nt" else None))
    home.chmod(0o755)
    monkeypatch.setenv("WORKSHOP_HOME", str(home))
    clone = tmp_path / "alembic-workshop"
    one = Session(clone, bring=None, folder=".")
    try:
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        borrow_environment(clone)
        yield one
    finally:
        remove_server(one)
        shutil.rmtree(home)


def of_section(page: Path, section: str) -> list[Block]:
    """Return the blocks below a heading; there must be some, so that a heading that changed is noticed."""
    found = [block for block in pages.read(page).blocks if block.section == section]
    assert found, f"{page.name} has no blocks below {section!r}"
    return found


def kept(session: Session, step: str) -> None:
    """Assert that the database is at a step and that the step's promises are kept."""
    with database.connect(session.settings) as connection:
        assert steps.revision_of(connection) == step
        checks.run(chain.find(step), connection).require()


@pytest.mark.skipif(not SET_UP.exists(), reason="there is no set-up page")
@pytest.mark.slow
def test_a_newcomer_reaches_the_end_of_step_0003(newcomer):
    for block in of_section(SET_UP, FETCHING):
        typed = [line for line in commands(block.text) if not line.startswith(tuple(LEFT_OUT))]
        assert typed == [], f"{block.place}: nobody has tried {typed}"
    newcomer.run_block(Block("(the page says it in words)", 0, "", "console", "make setup"))
    for block in of_section(SET_UP, TYPING):
        newcomer.run_block(block)
    kept(newcomer, "0003_seed_catalog")

    newcomer.run_block(Block("(begin again)", 0, "", "console", "alembic downgrade base"))
    for step in chain.steps()[:3]:
        for block in pages.read(step.page).blocks:
            newcomer.run_block(block)
        kept(newcomer, step.name)
