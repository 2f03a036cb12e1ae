"""Lab: ask it four ways: every way runs, what is called right is what the labels say, wrong repairs stay red."""

from __future__ import annotations

from collections import Counter

import pytest

from shop import database
from workshop import export, labs
from workshop.labs import ways
from workshop.labs.questions import PLANE, QUESTIONS, UNLISTED, WAYS

LAB = "lab_ask_it_four_ways"

RED = {
    "curses": ["curses missing: ", "curses not expected: ", "a join gives a row for each pair"],
    "opinions": ["there is no function public.opinions(ag_catalog.agtype)"],
}


@pytest.fixture
def lab(settings):
    return labs.Lab(LAB, settings)


@pytest.fixture
def head(lab):
    """The lab with its database at head; to plant an exercise does that as well."""
    lab.fresh()
    return lab


def reasons(lab, exercise):
    return "\n".join(why for result in lab.look(exercise).results for why in result.reasons())


def do(lab, statement):
    with database.connect(lab.settings) as connection, connection.begin():
        connection.exec_driver_sql(statement)


def test_why_each_exercise_is_red(lab):
    assert list(RED) == list(labs.exercises(LAB))
    for name, fragments in RED.items():
        lab.plant(name)
        said = reasons(lab, name)
        assert [part for part in fragments if part not in said] == [], said


@pytest.mark.parametrize(
    ("exercise", "old", "new", "why"),
    [
        ("curses", "= 'negative'", "<> 'positive'", "curses not expected"),
        ("curses", "count(*) AS times", "count(DISTINCT p.id) AS times", "curses missing"),
        ("opinions", "FILTER (WHERE CAST(sentiment AS text) = 'negative')", "", "not expected"),
        ("opinions", "{id: $product}", "{id: 1}", "product 2 (feature_id, praised, cursed) missing"),
        ("opinions", "SET search_path = public, ag_catalog", "", "does not exist"),
    ],
)
def test_a_wrong_repair_stays_red(lab, exercise, old, new, why):
    text = lab.solution(exercise).text
    assert old in text
    lab.plant(exercise)
    do(lab, "SET LOCAL search_path = public, ag_catalog; " + text.replace(old, new))
    said = reasons(lab, exercise)
    assert why in said, said


def test_a_table_and_a_path_for_the_whole_database_stay_red(lab):
    text = lab.solution("curses").text
    lab.plant("curses")
    do(lab, "DROP VIEW curses; " + text.replace("OR REPLACE VIEW", "TABLE"))
    assert "there is no view curses (a table would not follow" in reasons(lab, "curses")
    lab.plant("opinions")
    name = lab.settings.database_url.database
    do(lab, f'ALTER DATABASE "{name}" SET search_path = public, ag_catalog; ' + lab.solution("opinions").text)
    try:
        assert "the search_path of the whole database was changed" in reasons(lab, "opinions")
    finally:
        do(lab, f'ALTER DATABASE "{name}" RESET search_path')


def test_every_way_answers_is_timed_and_shows_its_plan(head, monkeypatch):
    monkeypatch.setattr(ways, "TIMES", 1)
    for name, question in QUESTIONS.items():
        answers = ways.ask(head.settings, name)
        assert [one.way for one in answers.each] == list(WAYS) == list(question.statements)
        for one in answers.each:
            assert len(one.found) <= 5 and one.milliseconds > 0 and len(one.plan) > 1, (name, one)
            assert len(set(one.names)) == len(one.names)
        assert question.text in str(answers) and "<details>" in answers._repr_html_()
        assert all(0 <= count <= 5 for count in answers.scores().values())
    assert set(answers.scores()) == set()
    with pytest.raises(ways.WayError, match="choose one of ILIKE"):
        answers["guessing"]
    with pytest.raises(ways.WayError, match="choose one of plane"):
        ways.ask(head.settings, "weather")


def test_one_statement_takes_the_likeness_the_opinions_and_the_weights(head, monkeypatch):
    wanted = ["Noise cancellation", "Comfort"]
    near = ways.together(head.settings, "Travellers", wanted, trust=0)
    assert list(near["likeness"]) == sorted(near["likeness"], reverse=True) and len(near) == 5
    monkeypatch.setattr(ways, "TIMES", 1)
    assert list(near["answer"]) == ways.ask(head.settings, "plane")["vectors"].names
    liked = ways.together(head.settings, "Travellers", wanted, trust=1)
    assert list(liked["opinion"]) == sorted(liked["opinion"], reverse=True)
    assert ways.together(head.settings, "Travellers", ["'}) RETURN 1 $$ '"], trust=1)["opinion"].tolist() == [0] * 5
    assert ways.together(head.settings, "Nobody", wanted, trust=1)["opinion"].tolist() == [0] * 5


def labelled(connection):
    """Return (product, feature) -> how often each sentiment was given to it by hand."""
    rows = connection.exec_driver_sql(
        "SELECT r.id, p.name, p.category FROM reviews r JOIN products p ON p.id = product_id"
    )
    products = {str(review): (name, category) for review, name, category in rows}
    features = {str(key): name for key, name in connection.exec_driver_sql("SELECT id, name FROM features")}
    found: dict[tuple[str, str], Counter[str]] = {}
    for row in export.rows("gold/labels.csv"):
        if row["feature_id"] != "none":
            pair = (products[row["review_id"]][0], features[row["feature_id"]])
            found.setdefault(pair, Counter())[row["sentiment"]] += 1
    return found


def test_what_is_called_right_is_what_the_labels_say(head):
    with database.connect(head.settings) as connection:
        found = labelled(connection)
        listed = "SELECT p.name, f.name FROM product_features JOIN products p ON p.id = product_id " \
                 "JOIN features f ON f.id = feature_id"  # fmt: skip
        listed = {tuple(row) for row in connection.exec_driver_sql(listed)}
        phones = set(connection.exec_driver_sql("SELECT name FROM products WHERE category = 'Headphones'").scalars())
    net = {pair: count["positive"] - count["negative"] for pair, count in found.items()}
    quiet = {name for (name, feature), more in net.items() if feature == "Noise cancellation" and more > 0}
    assert {name for name in quiet & phones if net.get((name, "Comfort"), 0) >= 0} == PLANE.right
    praised = {pair for pair, count in found.items() if count["positive"] >= 3 and net[pair] > 0}
    assert {f"{name}: {feature}" for name, feature in praised - listed} == UNLISTED.right
