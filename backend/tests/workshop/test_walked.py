"""The stamp of the walk: what makes it old, and one walk at a time."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap

import pytest

from shop.settings import ROOT
from workshop import walked


@pytest.fixture
def copy(tmp_path):
    """A copy of everything that an executed notebook depends on."""
    left_out = shutil.ignore_patterns("__pycache__", ".*_cache")
    for folder in walked.FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=left_out)
    for file in walked.FILES:
        shutil.copy(ROOT / file, tmp_path / file)
    return tmp_path


@pytest.mark.parametrize(
    "file",
    [
        "notebooks/0003_seed_catalog.ipynb",
        "backend/alembic/versions/0003_seed_catalog.py",
        "backend/alembic/env.py",
        "backend/shop/operations/copy_csv.py",
        "backend/workshop/xray/show.py",
        "data/reviews.csv",
        "backend/requirements.lock",
    ],
)
def test_a_change_of_what_a_notebook_depends_on_changes_the_state(copy, file):
    before = walked.state(copy)
    with (copy / file).open("a", encoding="utf-8") as opened:
        opened.write("\n")
    assert walked.state(copy) != before


def test_a_new_file_and_a_new_name_change_the_state(copy):
    before = walked.state(copy)
    (copy / "backend/alembic/versions/0015_more.py").write_text("")
    more = walked.state(copy)
    (copy / "backend/alembic/versions/0015_more.py").rename(copy / "backend/alembic/versions/0016_more.py")
    assert len({before, more, walked.state(copy)}) == 3


def test_what_only_shows_the_copies_leaves_the_state(copy):
    before = walked.state(copy)
    with (copy / "backend/workshop/site/hooks.py").open("a", encoding="utf-8") as opened:
        opened.write("\n")
    (copy / "backend/workshop/__pycache__").mkdir()
    (copy / "backend/workshop/__pycache__/walk.pyc").write_text("")
    assert walked.state(copy) == before


def test_only_true_copies_that_are_there_count(tmp_path):
    for name in ("one", "two"):
        (tmp_path / f"{name}.ipynb").write_text("{}")
    assert walked.passed(tmp_path) == set()
    walked.note(tmp_path, walked.state(), ["one", "two", "gone"])
    assert walked.passed(tmp_path) == {"one", "two"}
    assert walked.ready(tmp_path, ["one"]) and not walked.ready(tmp_path, ["one", "gone"])
    walked.note(tmp_path, "another state", ["one", "two"])
    assert walked.passed(tmp_path) == set()


WAITS = """
from pathlib import Path
from workshop import walked
with walked.alone(Path({folder!r})):
    print("in")
"""


def test_a_second_process_waits_and_says_so(tmp_path):
    text = textwrap.dedent(WAITS.format(folder=str(tmp_path)))
    command = [sys.executable, "-c", text]
    with walked.alone(tmp_path), walked.alone(tmp_path):  # the same process may come in twice
        waiting = subprocess.Popen(command, cwd=ROOT / "backend", stdout=-1, stderr=-1, text=True)
        assert "waiting for it" in waiting.stderr.readline()
        assert waiting.poll() is None
    said, _ = waiting.communicate(timeout=60)
    assert said == "in\n" and waiting.returncode == 0
