"""A fault in a page makes a strict build fail, and is named with its page."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from tests.copies import copy_repository
from workshop import walk
from workshop.site.__main__ import MKDOCS


@pytest.fixture
def copy(site, tmp_path):
    """A copy of what the site is built from; the executed notebooks are those of the fixture `site`."""
    root = copy_repository(tmp_path / "copy")
    shutil.copytree(walk.EXECUTED, root / "build" / "notebooks", ignore=shutil.ignore_patterns(".lock"))
    return root


def build(root):
    """Build the site of a copy, strictly; return the exit status and what was said."""
    environment = {**os.environ, "PYTHONPATH": str(root / "backend"), "NO_MKDOCS_2_WARNING": "1"}
    command = [MKDOCS, "build", "--strict", "--site-dir", root / "built"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def add(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text(encoding="utf-8") if path.exists() else "") + text, encoding="utf-8")


def a_link_to_no_file(root):
    add(root / "docs/steps/0003_seed_catalog.md", "\nSee [this](../../backend/alembic/versions/0099_nothing.py).\n")
    return "steps/0003_seed_catalog.md", "0099_nothing.py"


def a_link_to_no_anchor(root):
    add(root / "docs/steps/0004_create_focus_groups.md", "\nSee [there](0003_seed_catalog.md#nowhere).\n")
    return "steps/0004_create_focus_groups.md", "#nowhere"


def a_link_in_a_notebook_to_no_page(root):
    path = root / "notebooks/0001_create_sample_table.ipynb"
    for file in (path, root / "build/notebooks" / path.name):
        text = file.read_text(encoding="utf-8")
        file.write_text(
            text.replace("## The question", "## The question [x](../docs/steps/none.md)", 1), encoding="utf-8"
        )
    return "notebooks/0001_create_sample_table.md", "steps/none.md"


def a_snippet_of_no_file(root):
    add(
        root / "docs/steps/0003_seed_catalog.md",
        '\n```python\n--8<-- "backend/alembic/versions/0099_nothing.py"\n```\n',
    )
    return ("0099_nothing.py",)


def a_page_in_no_section(root):
    add(root / "docs/elsewhere/lost.md", "# Lost\n")
    return "docs/elsewhere/lost.md", "No section of the site lists"


def a_step_without_a_page(root):
    (root / "docs/steps/0014_index_graph.md").unlink()
    return ("steps/0014_index_graph.md",)


def a_notebook_that_was_not_run(root):
    (root / "build/notebooks/0005_seed_focus_groups.ipynb").unlink()
    return "build/notebooks/0005_seed_focus_groups.ipynb is missing", "make docs"


@pytest.mark.parametrize(
    "plant",
    [
        a_link_to_no_file,
        a_link_to_no_anchor,
        a_link_in_a_notebook_to_no_page,
        a_snippet_of_no_file,
        a_page_in_no_section,
        a_step_without_a_page,
        a_notebook_that_was_not_run,
    ],
)
def test_a_planted_fault_is_found_and_named(copy, plant):
    words = plant(copy)
    status, said = build(copy)
    assert status != 0
    for word in words:
        assert word in said


def test_a_copy_without_a_fault_is_built(copy):
    status, said = build(copy)
    assert status == 0, said


def test_a_new_step_appears_by_itself(copy):
    name = "0015_change_nothing"
    last = next((copy / "backend/alembic/versions").glob("0014_*.py"))
    text = last.read_text(encoding="utf-8").replace("0013_build_graph", "0014_index_graph")
    text = text.replace('revision: str = "0014_index_graph"', f'revision: str = "{name}"')
    text = text.replace(text.partition("\n")[0], '"""Change nothing', 1)
    (last.parent / f"{name}.py").write_text(text, encoding="utf-8")
    add(copy / f"docs/steps/{name}.md", "# Change nothing\n")
    for folder in ("notebooks", "build/notebooks"):
        shutil.copy(copy / folder / "0014_index_graph.ipynb", copy / folder / f"{name}.ipynb")
    status, said = build(copy)
    assert status == 0, said
    home = (copy / "built/index.html").read_text(encoding="utf-8")
    assert f'href="steps/{name}/"' in home
    assert "0015 Change nothing" in (copy / "built/steps/index.html").read_text(encoding="utf-8")
