"""Every exercise of every lab: red as it is planted, for the reason it names, and green after its repair."""

from __future__ import annotations

import pytest

from workshop import beside, chain, labs, record, scratch, steps
from workshop.labs import Lab

EXERCISES = [(lab, name) for lab in chain.LABS for name in labs.exercises(lab)]


@pytest.fixture
def begun(settings):
    """Begin a lab on the test's database: begun("lab_roll_back_and_repair")."""
    return labs.begin


@pytest.mark.slow  # the walk's notebooks do the same, and each lab's own test says why it is red
@pytest.mark.parametrize(("lab", "name"), EXERCISES)
def test_an_exercise_is_red_before_its_repair_and_green_after_it(lab, name, begun, settings):
    one: Lab = begun(lab)
    one.plant(name)
    report = one.look(name)
    assert not report.kept and [why for result in report.results for why in result.reasons()], "it is not broken"
    one.solve(name)
    if one.solution(name).path.suffix == ".py":
        beside.upgrade(settings)
    assert one.check(name).kept
    assert name in record.read()[lab].repaired
    one.fresh()
    assert scratch.drafts() == [] and steps.current(settings) == chain.steps()[-1].name


@pytest.mark.parametrize("lab", chain.LABS)
def test_a_lab_is_finished_when_every_exercise_is_repaired(lab, begun):
    one = begun(lab)
    with pytest.raises(labs.LabError, match="Not repaired yet: " + ", ".join(labs.exercises(lab))):
        one.finish()
    one.repaired.update(labs.exercises(lab))
    assert one.finish().kept


def test_an_unknown_lab_or_exercise_is_named(begun):
    with pytest.raises(labs.LabError, match="There are: " + ", ".join(chain.LABS)):
        labs.begin("lab_of_horrors")
    with pytest.raises(labs.LabError, match='no exercise called "nothing"'):
        begun(chain.LABS[0]).plant("nothing")


def test_a_lab_sets_the_learners_drafts_aside(begun, settings):
    scratch.write("mine", 'revision = "mine"\ndown_revision = "0001_create_sample_table"\n')
    one = begun(chain.LABS[0])
    assert "Your drafts are kept in backend/scratch/kept_1" in str(one) and scratch.drafts() == []
    assert (scratch.folder() / "kept_1" / "mine.py").exists()
    assert steps.current(settings) == chain.steps()[-1].name


def test_a_repair_before_the_lab_has_begun_is_explained(shell):
    shell.run_line_magic("load_ext", "workshop")
    done = shell.run_cell("%%solve two_heads\n...")
    assert isinstance(done.error_in_exec, labs.LabError) and "First run the cell with: lab =" in str(done.error_in_exec)
