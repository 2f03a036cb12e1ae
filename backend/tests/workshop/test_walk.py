"""A walk that meets a defect ends with a status that is not 0, and names step and cell."""

from __future__ import annotations

import json

import pytest

from workshop import chain

REVISIONS = "backend/alembic/versions"


def a_cleaning_rule_off(clone):
    clone.replace(
        f"{REVISIONS}/0003_seed_catalog.py",
        r"ELSE regexp_replace(pg_temp.plain($1), '\s+', ' ', 'g') END",
        "ELSE pg_temp.plain($1) END",
    )
    return "0003", ("0003_seed_catalog, cell", "step.check()", "a cleaning rule of 0003 is off")


def an_index_missing(clone):
    clone.replace(
        f"{REVISIONS}/0002_create_catalog.py",
        'points_to("users", "user_id", sa.Uuid, index=True, nullable=True',
        'points_to("users", "user_id", sa.Uuid, nullable=True',
    )
    return "0002", ("0002_create_catalog, cell", "step.check()", "index for missing: fk_reviews_user_id_users")


def a_cell_that_raises(clone):
    path = clone.root / "notebooks/0001_create_sample_table.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cell = [one for one in notebook["cells"] if one["cell_type"] == "code"][2]
    cell["source"] = "raise RuntimeError('planted')"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return "0001", ("0001_create_sample_table, cell 3 (raise RuntimeError('planted'))", "RuntimeError: planted")


def a_check_that_returns_nothing(clone):
    path = clone.root / "backend/workshop/checks/s0001_create_sample_table.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index("def comments")] + 'def comments(look: Look) -> None:\n    """It is silent."""\n')
    return "0001", ("0001_create_sample_table, cell", "step.check()", "nothing was looked at")


def a_revision_with_an_empty_upgrade(clone):
    path = clone.root / REVISIONS / "0001_create_sample_table.py"
    text = path.read_text(encoding="utf-8")
    begin, end = text.index("def upgrade"), text.index("def downgrade")
    path.write_text(text[:begin] + "def upgrade() -> None:\n    pass\n\n\n" + text[end:], encoding="utf-8")
    return "0001", ("0001_create_sample_table, cell", 'relation "sample" does not exist')


@pytest.mark.parametrize(
    "plant",
    [
        a_cleaning_rule_off,
        an_index_missing,
        a_cell_that_raises,
        a_check_that_returns_nothing,
        a_revision_with_an_empty_upgrade,
    ],
)
def test_a_planted_defect_is_found_and_named(settings, clone, plant):
    step, words = plant(clone)
    done = clone.run("walk", "--only", step)
    assert done.returncode != 0
    for word in words:
        assert word in done.stdout + done.stderr


def test_a_notebook_that_ends_elsewhere_is_found(settings, clone):
    path = clone.root / "notebooks/0001_create_sample_table.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    sources = ["".join(cell["source"]) for cell in notebook["cells"]]
    notebook["cells"] = notebook["cells"][: sources.index("step.gone()") + 1]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    done = clone.run("walk", "--only", "0001")
    assert done.returncode != 0
    assert "the notebook left the database at base" in done.stderr


def test_an_unknown_notebook_is_said(settings, clone):
    done = clone.run("walk", "--only", "0099")
    assert done.returncode != 0 and 'No notebook is called "0099"' in done.stderr


EMPTY = '''"""Change nothing

Revision ID: {name}
Revises: {before}
"""

revision = "{name}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
'''


@pytest.mark.slow
@pytest.mark.parametrize("lab", chain.LABS)
def test_a_lab_stands_on_whatever_is_head(settings, clone, lab):
    head = chain.steps()[-1]
    name = f"{int(head.number) + 1:04}_change_nothing"
    (clone.root / REVISIONS / f"{name}.py").write_text(EMPTY.format(name=name, before=head.name))
    (clone.root / f"backend/workshop/checks/s{name}.py").write_text(
        'def anything(look):\n    """Something is there."""\n    look.rows("SELECT 1")\n'
    )
    done = clone.run("walk", "--only", lab)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not (clone.root / "backend" / "scratch").exists()
