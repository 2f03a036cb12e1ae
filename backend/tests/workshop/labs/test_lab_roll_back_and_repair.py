"""The lab's checks: the reason each gives when it is red, and the repairs that only hide the symptom."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from shop import database
from workshop import chain, labs, scratch, steps, terminal
from workshop.labs import lab_roll_back_and_repair as module

LAB = "lab_roll_back_and_repair"
HEAD = chain.steps()[-1].name

# What a learner reads before any repair: fragments, each of them in the report.
RED = {
    "two_heads": ["the scripts have 2 heads: add_care_label, add_pickup_note", f"not expected: {HEAD}"],
    "fails_half_way": ["variants.grams is not there", "row of alembic_version missing: add_shipping_weight"],
    "behind": [f"row of alembic_version missing: {HEAD}", f"promises of {HEAD}"],
    "lost_revision": ["products.gift_note is still there", "not expected: add_gift_note"],
    "connection_refused": ["Connection refused: no PostgreSQL listens at"],
    "stamped_ahead": [f"promises of {HEAD}: 0 of", "`alembic check` finds"],
}


@pytest.fixture
def lab(settings):
    return labs.begin(LAB)


def test_every_exercise_has_its_reasons():
    assert list(RED) == list(labs.exercises(LAB))


@pytest.mark.parametrize("name", RED)
def test_the_red_report_says_why(name, lab):
    lab.plant(name)
    said = str(lab.look(name))
    assert [fragment for fragment in RED[name] if fragment not in said] == [], said


# A repair that makes the error go away and leaves the damage: exercise, commands, SQL, what is still said.
WRONG = [
    ("two_heads", "alembic upgrade heads", "", "the scripts have 2 heads"),
    ("fails_half_way", "alembic stamp head", "", "variants.grams is not there"),
    ("behind", "alembic stamp head", "", f"promises of {HEAD}"),
    ("lost_revision", "alembic stamp --purge head", "", "products.gift_note is still there"),
    ("lost_revision", "", "ALTER TABLE products DROP COLUMN gift_note", "not expected: add_gift_note"),
    ("lost_revision", "workshop drafts --fetch add_gift_note", "", "products.gift_note is still there"),
    ("connection_refused", "workshop address deploy.env --port {port} --name postgres", "", "another database"),
    ("stamped_ahead", "alembic upgrade head", "", f"promises of {HEAD}"),
    ("stamped_ahead", "alembic stamp 0003_seed_catalog", "", f"row of alembic_version missing: {HEAD}"),
]


@pytest.mark.parametrize(("name", "commands", "statement", "still"), WRONG)
def test_a_repair_that_hides_the_symptom_stays_red(name, commands, statement, still, lab, settings):
    lab.plant(name)
    if commands:
        program, _, line = commands.partition(" ")
        port = settings.database_url.port
        terminal.run(settings, program, line.replace("{port}", str(port)), drafts=True)
    if statement:
        with database.connect(settings) as connection, connection.begin():
            connection.execute(sa.text(statement))
    report = lab.look(name)
    assert not report.kept and still in str(report), str(report)


def test_deleting_one_of_two_drafts_is_no_repair(lab, settings):
    lab.plant("two_heads")
    (scratch.folder() / "add_pickup_note.py").unlink()
    terminal.run(settings, "alembic", "upgrade head", drafts=True)
    assert "users.pickup_note is not there" in str(lab.look("two_heads"))


def test_one_draft_put_on_top_of_the_other_is_a_repair_too(lab, settings):
    lab.plant("two_heads")
    draft = scratch.File(scratch.folder() / "add_pickup_note.py")
    draft.replace(f'down_revision: str | None = "{HEAD}"', 'down_revision: str | None = "add_care_label"')
    terminal.run(settings, "alembic", "upgrade head", drafts=True)
    assert lab.look("two_heads").kept


def test_half_a_repair_of_the_draft_is_named(lab, settings):
    lab.plant("fails_half_way")
    draft = scratch.newest()
    draft.replace('    op.alter_column("variants", "grams", nullable=False)\n', "")
    terminal.run(settings, "alembic", "upgrade head", drafts=True)
    said = str(lab.look("fails_half_way"))
    assert "variants.grams takes null" in said and "variants have no weight above 0" in said


# -- the symptoms are the real ones ------------------------------------------------------------------------------------

SYMPTOMS = [
    ("two_heads", "upgrade head", "Multiple head revisions are present"),
    ("fails_half_way", "upgrade head", 'column "grams" of relation "variants" contains null values'),
    ("behind", "check", "Target database is not up to date"),
    ("lost_revision", "current", "Can't locate revision identified by 'add_gift_note'"),
    ("lost_revision", "stamp head", "Can't locate revision identified by 'add_gift_note'"),
    ("stamped_ahead", "check", "New upgrade operations detected"),
]


@pytest.mark.parametrize(("name", "line", "said"), SYMPTOMS)
def test_alembic_says_it(name, line, said, lab, settings):
    lab.plant(name)
    assert said in terminal.run(settings, "alembic", line, fails=True, drafts=True)


def test_the_connection_is_refused_and_no_password_is_shown(lab, settings):
    lab.plant("connection_refused")
    secret = settings.database_url.password
    shown = terminal.run(settings, "alembic", "current", fails=True, address=module.ADDRESS)
    assert "Connection refused: no PostgreSQL listens at" in shown
    shown += terminal.run(settings, "workshop", "address deploy.env")
    lab.solve("connection_refused")
    shown += str(lab.solution("connection_refused")) + str(lab.look("connection_refused"))
    assert HEAD in terminal.run(settings, "alembic", "current", address=module.ADDRESS)
    assert secret and secret not in shown
    assert (scratch.folder() / module.ADDRESS).stat().st_mode & 0o077 == 0


def test_what_an_exercise_wrote_is_gone_after_it(lab):
    for name in ("lost_revision", "connection_refused"):
        lab.plant(name)
        lab.fresh()
    left = [path.name for path in scratch.folder().iterdir() if path.suffix != ".ini"]
    assert left == []


@pytest.mark.parametrize(
    ("name", "line"), [("two_heads", "upgrade heads"), ("lost_revision", "heads"), ("stamped_ahead", "heads")]
)
def test_whoever_leaves_half_way_can_begin_again(name, line, lab, settings):
    lab.plant(name)
    terminal.run(settings, "alembic", line, drafts=True)
    again = labs.begin(LAB)
    assert again.jump.kept and steps.current(settings) == HEAD and scratch.drafts() == []


def test_no_wrong_port_is_said_and_nothing_is_faked(lab, monkeypatch):
    monkeypatch.setattr(module, "PORTS", ())
    with pytest.raises(labs.LabError, match="so this exercise has no wrong one"):
        lab.plant("connection_refused")


def test_a_line_that_is_no_command_is_named(lab):
    with pytest.raises(terminal.CommandFailedError, match='this one begins with "grep"'):
        lab.solve("two_heads", "grep -r revision")


def test_a_draft_is_fetched_by_its_name(lab):
    with pytest.raises(scratch.ScratchError, match="There are: none"):
        scratch.fetch("nothing")
    lab.plant("lost_revision")
    assert scratch.fetch("add_gift_note").name == "add_gift_note.py"
    with pytest.raises(scratch.ScratchError, match="in backend/scratch already"):
        scratch.fetch("add_gift_note")
