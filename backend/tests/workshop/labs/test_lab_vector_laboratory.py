"""Lab: the vector laboratory: why each exercise is red, and wrong answers that stay red."""

from __future__ import annotations

import pytest

from shop import database
from workshop import beside, labs, scratch

LAB = "lab_vector_laboratory"

RED = {
    "denser_graph": ["has m = 16 and ef_construction = 64", "there is no draft in backend/scratch"],
    "half_precision": [
        "is hnsw (embedding vector_cosine_ops)",
        "there is no draft in backend/scratch",
    ],
}


@pytest.fixture
def lab(settings):
    return labs.Lab(LAB, settings)


def reasons(lab, exercise):
    return "\n".join(why for result in lab.look(exercise).results for why in result.reasons())


def answer(lab, exercise, *changes):
    """Apply the workshop's own answer with changes."""
    text = lab.solution(exercise).text
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    lab.plant(exercise)
    scratch.write_as_declared(text)
    beside.upgrade(lab.settings)
    return reasons(lab, exercise)


def by_hand(lab, exercise, *statements):
    lab.plant(exercise)
    with database.connect(lab.settings) as connection, connection.begin():
        for statement in statements:
            connection.exec_driver_sql(statement)
    return reasons(lab, exercise)


def test_why_each_exercise_is_red(lab):
    assert list(RED) == list(labs.exercises(LAB))
    for name, fragments in RED.items():
        lab.plant(name)
        said = reasons(lab, name)
        assert [part for part in fragments if part not in said] == [], said


DENSER = (
    "CREATE INDEX {} ON product_passages USING hnsw (embedding vector_cosine_ops) WITH (m = 32, ef_construction = 128)"
)
HALF = "CREATE INDEX {} ON review_embeddings USING hnsw ({})"
SAME = "DROP INDEX ix_review_embeddings_embedding"


@pytest.mark.parametrize(
    ("exercise", "statements", "why"),
    [
        ("denser_graph", [DENSER.format("another_one")], "has 2 indexes on its vectors"),
        ("denser_graph", ["DROP INDEX ix_product_passages_embedding", DENSER.format("ix_product_passages_embedding")],
         "there is no draft"),
        ("denser_graph", ["ALTER INDEX ix_product_passages_embedding SET (m = 17, ef_construction = 33)"],
         "more than 64 candidates"),
        ("half_precision", [SAME, HALF.format("ix_review_embeddings_embedding",
                                              "(embedding::halfvec(384)) halfvec_l2_ops")], "it should be hnsw"),
        ("half_precision", [SAME, "ALTER TABLE review_embeddings ALTER embedding TYPE halfvec(384)",
                            HALF.format("ix_review_embeddings_embedding", "embedding halfvec_cosine_ops")],
         "not what is stored"),
        ("half_precision", [SAME], "there is no index ix_review_embeddings_embedding"),
    ],
)  # fmt: skip
def test_an_index_by_hand_or_another_one_stays_red(lab, exercise, statements, why):
    said = by_hand(lab, exercise, *statements)
    assert why in said, said


@pytest.mark.parametrize(
    ("exercise", "changes", "why"),
    [
        ("denser_graph", [('"m": 32, "ef_construction": 128', '"m": 24, "ef_construction": 100')], None),
        ("denser_graph", [('"ef_construction": 128', '"ef_construction": 64')], "more than 64 candidates"),
        ("denser_graph", [('swap({"m": 16', 'swap({"m": 12')], "there is still index"),
        ("half_precision", [('{"m": 16,', '{"m": 24,')], "options of the index"),
    ],
)
def test_a_draft_is_judged_by_what_it_does(lab, exercise, changes, why):
    said = answer(lab, exercise, *changes)
    assert said == "" if why is None else why in said, said
