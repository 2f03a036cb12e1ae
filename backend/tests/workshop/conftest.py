"""A copy of the whole repository, in which a test may plant a defect, and a shell in which it runs cells."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import sql.connection
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from tests.copies import copy_repository
from workshop import magics


@dataclass
class Clone:
    """The copy, and the environment in which its own packages are the ones that run."""

    root: Path
    environment: dict[str, str]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "workshop.cli", *words],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def replace(self, file: str, old: str, new: str) -> None:
        path = self.root / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{file} does not contain {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def clone(tmp_path):
    """A copy of the working tree; DATABASE_URL is the test's, when the test also asks for `settings`."""
    root = copy_repository(tmp_path / "clone")
    return Clone(root, {**os.environ, "PYTHONPATH": str(root / "backend")})


@pytest.fixture
def shell(settings, tmp_path, monkeypatch):
    """A real IPython shell with the magics, on a database of its own."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    sql.connection.Connection.current = None
    one = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
    magics.load(one)
    yield one
    if sql.connection.Connection.current:
        sql.connection.Connection.current.internal_connection.close()
        sql.connection.Connection.current = None
