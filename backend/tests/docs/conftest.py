"""A copy of the repository for a page, in which its blocks run."""

from __future__ import annotations

import pytest

from tests.docs.session import Session, copy_with_environment
from workshop import chain, checkpoints, steps
from workshop.server import EmbeddedServer, home_of_this_clone


@pytest.fixture
def session(settings, tmp_path, monkeypatch):
    """A session in a copy of the repository, with a database of its own that is made when a block wants it."""
    root = copy_with_environment(tmp_path / "copy")
    monkeypatch.setenv("WORKSHOP_SCRATCH", str(root / "backend" / "scratch"))
    monkeypatch.chdir(root)

    def bring(step):
        source = "template0" if step == chain.BASE else checkpoints.ensure(settings, step, steps.upgrade)
        checkpoints.replace(settings, source)
        return settings

    one = Session(root, bring)
    yield one
    remove_server(one)


def remove_server(session):
    """Stop and remove the server that a page started in the copy, if it did."""
    home = home_of_this_clone(session.root)
    if home.exists():
        EmbeddedServer(home).remove()
