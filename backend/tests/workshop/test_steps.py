"""Moving along the chain: nothing the learner did is lost, and every way leads to the same state."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

import workshop
from shop import database
from workshop import chain, checkpoints, elsewhere, lesson, steps, walk, xray

NAMES = [step.name for step in chain.steps()]


def look(settings):
    with database.connect(settings) as connection:
        return xray.snapshot(connection)


def run(settings, statement):
    with database.connect(settings) as connection, connection.begin():
        return connection.execute(sa.text(statement))


def test_begin_goes_forward(settings):
    begun = lesson.begin("0003")
    assert begun.step.name == "0003_seed_catalog" and begun.start.revision == "0002_create_catalog"
    assert steps.kept(settings) == []


def test_begin_goes_back_and_keeps_what_the_learner_did(settings, at):
    at("0002_create_catalog")
    run(settings, "INSERT INTO features (name, description) VALUES ('mine', 'd')")
    begun = lesson.begin("0001")
    assert begun.start.revision is None
    [one] = steps.kept(settings)
    assert f"workshop return {one.name.rpartition('_')[2]}" in str(begun)
    steps.bring_back(settings, "1")
    assert run_scalar(settings, "SELECT name FROM features") == "mine"


def run_scalar(settings, statement):
    with database.connect(settings) as connection:
        return connection.scalar(sa.text(statement))


def test_going_back_from_an_untouched_state_keeps_nothing(settings, at):
    at("0003_seed_catalog")
    assert "kept" not in str(lesson.begin("0002"))
    assert steps.kept(settings) == []


def test_the_same_state_is_kept_once(settings, at):
    for _ in range(2):
        at("0002_create_catalog")
        run(settings, "INSERT INTO features (id, name, description) VALUES (1, 'mine', 'd')")
        lesson.begin("0001")
    assert len(steps.kept(settings)) == 1


def test_an_unknown_revision_is_set_aside_and_the_lesson_begins(settings, at):
    at("0001_create_sample_table")
    run(settings, "UPDATE alembic_version SET version_num = 'from_a_branch'")
    begun = lesson.begin("0002")
    assert begun.start.revision == "0001_create_sample_table"
    assert [one.revision for one in steps.kept(settings)] == ["from_a_branch"]


def test_bring_back_of_nothing_is_explained(settings):
    with pytest.raises(steps.StepError, match=r'no kept database "7" \(there are: none\)'):
        steps.bring_back(settings, "7")


@pytest.fixture
def jumps(settings, shell):
    """Make twenty random jumps in a notebook, each equal to a plain upgrade and seen by %%sql; return their seconds.

    The first visit of a step builds its checkpoint and is not among them.
    """
    plain = {chain.BASE: look(settings).fingerprint}
    for name in NAMES:
        steps.upgrade(settings, name)
        plain[name] = look(settings).fingerprint
    for name in plain:
        workshop.goto(name)
    where, seconds = random.Random(20), []
    for _ in range(20):
        target = where.choice(list(plain))
        started = time.perf_counter()
        workshop.goto(target)
        seconds.append(time.perf_counter() - started)
        asked = shell.run_cell_magic("sql", "", "SELECT current_database() AS name")
        assert asked["name"].tolist() == [settings.database_url.database]
        assert look(settings).fingerprint == plain[target], target
    return seconds


def test_twenty_jumps_equal_a_plain_upgrade(jumps):
    assert len(jumps) == 20


@pytest.mark.slow  # a time says something only where nothing else runs
def test_the_median_jump_takes_at_most_half_a_second(jumps):
    assert statistics.median(jumps) <= 0.5, sorted(jumps)


def test_without_the_right_to_create_databases_a_jump_is_an_upgrade_or_a_downgrade(settings, monkeypatch):
    monkeypatch.setattr(checkpoints, "possible", lambda _: False)
    assert "may not create databases" in str(steps.goto(settings, "0002_create_catalog"))
    assert steps.current(settings) == "0002_create_catalog"
    steps.goto(settings, chain.BASE)
    assert steps.current(settings) == chain.BASE


def test_a_checkpoint_is_built_anew_when_what_it_is_made_from_changes(settings, monkeypatch, tmp_path):
    first = checkpoints.inputs("0003_seed_catalog")
    (tmp_path / "users.csv").write_text("changed")
    monkeypatch.setenv("SHOP_DATA", str(tmp_path))
    assert checkpoints.inputs("0003_seed_catalog") != first


def test_checkpoints_refuse_connections(settings):
    name = checkpoints.ensure(settings, "0001_create_sample_table", steps.upgrade)
    with pytest.raises(database.DatabaseError, match="takes no connections"):
        database.connect(replace(settings, database_url=settings.database_url.set(database=name)))


def test_a_foreign_database_is_not_thrown_away(settings):
    foreign = replace(settings, database_url=settings.database_url.set(database="production"))
    with pytest.raises(steps.StepError, match="add: --database production"):
        steps.goto(foreign, chain.BASE)
    steps.require_workshop(foreign, "production")


def test_names_of_steps():
    assert chain.find("3").name == chain.find("0003").name == chain.find("0003_seed").name == "0003_seed_catalog"
    with pytest.raises(chain.UnknownStepError, match="Did you mean 0003_seed_catalog"):
        chain.find("0003_seed_catalogue")


def test_predictions(settings, at):
    at("0001_create_sample_table")
    step = lesson.begin("0002")
    with pytest.raises(lesson.LessonError, match="First run the cells"):
        step.compare()
    with pytest.raises(lesson.LessonError, match="write a whole number instead of 'ten'"):
        step.predict(tables="ten")
    step.predict(tables=10, indexes=3, types=...)
    step.upgrade()
    assert [row[3] for row in step.compare().rows] == ["right", "look again", "not answered"]


def test_gone_names_the_trace(settings, at):
    at("0001_create_sample_table")
    step = lesson.begin("0002")
    step.upgrade()
    step.downgrade()
    run(settings, "CREATE TABLE left_behind (id integer)")
    with pytest.raises(lesson.LessonError, match="left a trace: 1 table"):
        step.gone()


def test_finish_elsewhere_is_explained(settings):
    step = lesson.begin("0001")
    with pytest.raises(
        lesson.LessonError, match="The database is at base; this notebook ends at 0001_create_sample_table"
    ):
        step.finish()


def test_what_an_edited_revision_gives_elsewhere(settings):
    step = lesson.begin("0001")
    seen = step.edited("varchar(50)", "varchar(60)")
    assert seen.changed["column", "public.sample.name"] == {"type": ("character varying(50)", "character varying(60)")}
    assert steps.current(settings) == chain.BASE
    assert "varchar(50)" in step.step.source()


# -- a server without extensions ------------------------------------------------------------------------------------------


def without_extensions(settings):
    """PostgreSQL 18 finds extensions on a path; with an empty one it has none."""
    with database.connect(settings) as connection:
        if connection.scalar(sa.text("SHOW server_version_num")) < "180000":
            pytest.skip("extension_control_path came with PostgreSQL 18")
    run(settings, f"ALTER DATABASE {settings.database_url.database} SET extension_control_path = '/nowhere'")


def test_the_steps_know_their_extensions():
    needed = {step.number: set(step.extensions) for step in chain.steps() if step.extensions}
    assert needed == {"0006": {"vector"}, "0013": {"age"}}


def test_without_extensions_the_steps_before_them_are_in_reach(settings):
    assert steps.reachable(settings) == list(chain.steps())
    without_extensions(settings)
    assert [step.number for step in steps.reachable(settings)] == ["0001", "0002", "0003", "0004", "0005"]


def test_without_extensions_the_walk_leaves_out_what_needs_them(settings):
    paths = walk.notebooks()
    assert walk.out_of_reach(settings, paths) == []
    without_extensions(settings)
    kept = [path.stem[:4] for path in paths if path not in walk.out_of_reach(settings, paths)]
    assert kept == ["0000", "0001", "0002", "0003", "0004", "0005"]


def test_without_extensions_the_picture_shows_the_tables_in_reach(settings):
    whole = elsewhere.finished_picture(settings)
    without_extensions(settings)
    part = elsewhere.finished_picture(settings)
    assert "review_embeddings" in whole.svg and "review_embeddings" not in part.svg
    assert "focus_groups" in whole.svg and "focus_groups" in part.svg
