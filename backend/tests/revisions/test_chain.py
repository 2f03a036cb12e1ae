"""Rules for the whole chain. Each has an id; a revision that breaks one is named."""

from __future__ import annotations

import ast
import itertools
import re

import pytest
from alembic import command
from alembic.script import ScriptDirectory

from shop import database
from shop.settings import ROOT
from workshop import chain, checks, steps, xray

NAMES = [step.name for step in chain.steps()]


def tree(step):
    return ast.parse(step.revision.read_text(encoding="utf-8"))


def function(step, name):
    return next(node for node in tree(step).body if isinstance(node, ast.FunctionDef) and node.name == name)


def filled_by_a_model():
    """The tables that the revisions hand to op.embed and op.score_sentiment."""
    calls = [node for one in chain.steps() for node in ast.walk(tree(one)) if isinstance(node, ast.Call)]
    asked = [call for call in calls if ast.unparse(call.func) in ("op.embed", "op.score_sentiment")]
    mentions = [word.value.value for call in asked for word in call.keywords if word.arg == "mentions"]
    return [call.args[0].value for call in asked] + mentions


@pytest.fixture(params=NAMES)
def step(request):
    return chain.find(request.param)


def test_c01_there_is_one_head():
    assert len(ScriptDirectory.from_config(chain.alembic_config()).get_heads()) == 1


def test_c02_the_id_is_the_file_name_and_fits_version_num(step):
    assert step.revision.stem == step.name
    assert re.fullmatch(r"\d{4}_[a-z0-9_]+", step.name) and len(step.name) <= 32


def test_c03_numbers_follow_each_other():
    assert [name[:4] for name in NAMES] == [f"{i:04}" for i in range(1, len(NAMES) + 1)]


@pytest.mark.parametrize("place", ["notebook", "page", "test"])
def test_c04_every_step_has_notebook_page_and_test(step, place):
    assert getattr(step, place).exists(), f"{step.name} has no {place}: {getattr(step, place).relative_to(ROOT)}"


def test_c05_every_step_has_promises(step):
    assert checks.module_of(step).exists() and checks.promises(step)


def test_c06_nothing_stands_in_the_four_folders_that_is_no_step():
    known = set(NAMES)
    found = {
        "notebooks": [p.stem for p in (ROOT / "notebooks").glob("[0-9]*.ipynb") if p.stem != chain.START],
        "docs/steps": [p.stem for p in (ROOT / "docs" / "steps").glob("[0-9]*.md")],
        "tests/revisions": [p.stem[5:] for p in (ROOT / "backend/tests/revisions").glob("test_[0-9]*.py")],
    }
    assert {place: set(names) - known for place, names in found.items()} == {place: set() for place in found}


def test_c07_the_title_is_the_same_in_revision_notebook_and_page(step):
    import nbformat

    first = nbformat.read(step.notebook, as_version=4).cells[0].source
    assert first.startswith(f"# {step.title}\n")
    assert step.page.read_text(encoding="utf-8").startswith(f"# {step.title}\n")


def test_c08_the_docstring_names_revision_and_predecessor(step):
    text = ast.get_docstring(tree(step))
    before = "" if step.before == chain.BASE else f" {step.before}"
    assert f"Revision ID: {step.name}\n" in text and f"Revises:{before}\n" in text


def test_c09_imports_nothing_of_ours(step):
    imported = {
        (alias.name if isinstance(node, ast.Import) else node.module).partition(".")[0]
        for node in ast.walk(tree(step))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    allowed = {"__future__", "alembic", "sqlalchemy", "pgvector", "json", "re", "uuid", "datetime", "decimal"}
    assert imported <= allowed, f"{step.name} imports {imported - allowed}"


def test_c10_downgrade_does_something(step):
    body = function(step, "downgrade").body
    assert not all(
        isinstance(node, ast.Pass | ast.Expr) and not isinstance(getattr(node, "value", None), ast.Call)
        for node in body
    )


def test_c11_no_exception_is_swallowed_and_nothing_hides_drift(step):
    assert not [node for node in ast.walk(tree(step)) if isinstance(node, ast.Try)]
    assert "IF NOT EXISTS" not in step.revision.read_text(encoding="utf-8").upper()


def test_c12_the_models_agree_with_the_database_at_head(at):
    settings = at(NAMES[-1])
    config = chain.alembic_config()
    with database.connect(settings) as connection:
        config.attributes["connection"] = connection
        command.check(config)


def test_c13_base_head_base_twice_with_equal_fingerprints(settings):
    def look():
        with database.connect(settings) as connection:
            return xray.snapshot(connection).fingerprint

    seen = []
    for _ in range(2):
        steps.upgrade(settings)
        head = look()
        steps.downgrade(settings, chain.BASE)
        seen.append((head, look()))
    assert seen[0] == seen[1]


def test_c14_every_step_leads_to_the_same_state_as_the_way_around_it(settings):
    """Up to each step, one further and back: the state is the same."""

    def look():
        with database.connect(settings) as connection:
            return xray.snapshot(connection).fingerprint

    for before, after in itertools.pairwise(NAMES):
        steps.upgrade(settings, before)
        there = look()
        steps.upgrade(settings, after)
        steps.downgrade(settings, before)
        assert look() == there, f"{after} leaves a trace"


def test_c15_every_table_has_a_comment(at, connection):
    at(NAMES[-1])
    with database.connect(at(NAMES[-1])) as fresh:
        seen = xray.snapshot(fresh)
    assert [name for name in seen.names("table") if not seen.items["table", name]["comment"]] == []


def test_c16_offline_sql_builds_the_same_database(settings, server, tmp_path):
    """What `alembic upgrade head --sql` writes, run by psql, gives the same but for what a local model fills."""
    import io
    import os
    import subprocess

    from workshop.server import place, runtime

    config = chain.alembic_config()
    config.output_buffer = io.StringIO()
    command.upgrade(config, "head", sql=True)
    script = tmp_path / "head.sql"
    script.write_text(config.output_buffer.getvalue(), encoding="utf-8")
    url = settings.database_url
    environment = {**os.environ, "PGPASSWORD": url.password}
    call = [
        runtime.ready(place.base()).program("psql"),
        "-X",
        "-q",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        url.host,
        "-p",
        str(url.port),
        "-U",
        url.username,
        "-d",
        url.database,
        "-f",
        script,
    ]
    done = subprocess.run(list(map(str, call)), env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with database.connect(settings) as connection:
        by_script = xray.snapshot(connection)
        assert steps.revision_of(connection) == NAMES[-1]
    steps.downgrade(settings, chain.BASE)
    steps.upgrade(settings)
    with database.connect(settings) as connection:
        left = xray.compare(by_script, xray.snapshot(connection))
    assert not left.added and not left.removed
    assert {item for item in left.items() if item[0] not in ("content", "vectors")} <= {
        ("graph", "shop_graph.MENTIONS")
    }
    assert set(left.tables()) == {f"public.{table}" for table in filled_by_a_model()}
    assert [by_script.rows(table) for table in filled_by_a_model()] == [0] * len(filled_by_a_model())
