"""A folder for embedded servers that every test may start, kill and starve."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def base():
    """A folder that `nobody` can reach, unlike pytest's own; one set of programs serves all tests."""
    folder = Path(tempfile.mkdtemp(prefix="workshop-test-", dir="/var/tmp" if os.name != "nt" else None))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def environment(base, monkeypatch):
    for name in ("DATABASE_URL", "WORKSHOP_SERVER", "WORKSHOP_AGE_DEB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORKSHOP_HOME", str(base))
