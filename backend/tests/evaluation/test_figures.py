"""Figures over tiny inputs that can be counted by hand."""

import pytest

from evaluation import reviews, sample
from evaluation import search as judged_search
from evaluation.reviews import AnswersError, Mention, Review
from evaluation.search import Query
from shop.settings import ROOT
from workshop import figures
from workshop.generated import marking
from workshop.generated.parts import PARTS

KNOWN = {1: Review(10, 5), 2: Review(10, 2), 3: Review(11, 3), 4: Review(12, 4)}
GOLD = [
    Mention(1, 7, "positive"),
    Mention(1, 8, "negative"),
    Mention(2, 7, "negative"),
    Mention(3, 7, "positive"),
    Mention(3, 9, "neutral"),
    Mention(4, None, ""),
]


def values(table):
    return {name: pytest.approx(one.value) for name, one in table.items()}


# -- intervals -----------------------------------------------------------------------------------------------------------


def test_an_interval_holds_its_value_and_narrows_with_more_units():
    few, many = sample.mean([0, 1] * 10), sample.mean([0, 1] * 200)
    assert few.value == many.value == 0.5
    assert few.low < 0.35 and few.high > 0.65
    # 1.96 standard errors of a share of 1/2 among 400, each sqrt(1/4 / 400).
    assert (many.low, many.high) == (pytest.approx(0.451, abs=0.005), pytest.approx(0.549, abs=0.005))


def test_the_same_sample_gives_the_same_interval():
    assert sample.mean([0, 1, 1, 0, 1]) == sample.mean([0, 1, 1, 0, 1])


def test_all_right_has_no_width_and_nothing_is_an_error():
    assert sample.mean([1, 1, 1]) == (1, 1, 1)
    with pytest.raises(ValueError, match="nothing to measure"):
        sample.mean([])


# -- search --------------------------------------------------------------------------------------------------------------


def test_the_rank_is_that_of_the_first_answer():
    assert judged_search.first_rank([5, 6, 7], frozenset({7, 6})) == 2
    assert judged_search.first_rank([5], frozenset({7})) is None
    assert judged_search.first_rank(range(1, 20), frozenset({11})) is None


def test_hits_and_reciprocal_ranks_by_kind():
    queries = [
        Query(1, "exact", "", frozenset()),
        Query(2, "exact", "", frozenset()),
        Query(3, "other", "", frozenset()),
    ]
    table = judged_search.figures(queries, {1: 1, 2: 4, 3: None})
    assert values(table["exact"]) == {"hit@1": 0.5, "hit@3": 0.5, "mrr@10": 0.625}
    assert values(table["other"]) == {"hit@1": 0, "hit@3": 0, "mrr@10": 0}
    assert values(table["all"]) == {"hit@1": 1 / 3, "hit@3": 1 / 3, "mrr@10": 1.25 / 3}


def test_a_setting_is_not_chosen_by_the_query_it_is_measured_on():
    queries = [Query(n, "exact", "", frozenset()) for n in (1, 2, 3, 4)]
    # The first setting is good for query 1 alone, the second for the others.
    one, two = {1: 1, 2: None, 3: None, 4: None}, {1: None, 2: 1, 3: 1, 4: 2}
    assert judged_search.left_out(queries, [one, two]) == {1: None, 2: 1, 3: 1, 4: 2}
    # Of two queries, each would be answered by the setting that only itself speaks for.
    assert judged_search.left_out(queries[:2], [{1: 1, 2: None}, {1: None, 2: 1}]) == {1: None, 2: None}


def test_the_judged_queries_name_products_that_exist():
    from workshop import export

    there = {int(row["id"]) for row in export.accepted("products")}
    queries = judged_search.judged()
    assert len({one.query_id for one in queries}) == len(queries) == 78
    assert all(one.relevant and one.relevant <= there for one in queries)


# -- mentions ------------------------------------------------------------------------------------------------------------


def test_precision_recall_and_f1_are_counted_over_pairs():
    found = [Mention(1, 7, "negative"), Mention(1, 9, "positive"), Mention(3, 7, "positive"), Mention(4, 7, "neutral")]
    # 2 right (1-7 and 3-7) of 4 given and 5 wanted; the sentiment does not matter here.
    assert values(reviews.mentions(found, GOLD, KNOWN)) == {"precision": 2 / 4, "recall": 2 / 5, "f1": 4 / 9}


def test_reviews_that_nobody_labelled_do_not_count():
    known = {**KNOWN, 99: Review(12, 1)}
    found = [*GOLD, Mention(99, 7, "positive")]
    assert values(reviews.mentions(found, GOLD, known)) == {"precision": 1, "recall": 1, "f1": 1}


# -- sentiments ----------------------------------------------------------------------------------------------------------


def test_right_answers_are_all_right_and_the_rules_are_what_they_say():
    table = reviews.sentiment(GOLD, GOLD, KNOWN)
    assert values(table["reader"]) == {"accuracy": 1, "f1 of two": 1, "f1 of three": 1, "answered": 1}
    # Stars 5, 5, 2, 3 of the two positive and two negative mentions: right, wrong, right, wrong.
    assert table["stars"]["accuracy"].value == 0.5
    assert table["reader - stars"]["accuracy"].value == 0.5
    # Product 10 sees 1 positive, 1 neutral elsewhere (the first named wins); product 11 sees 1 positive, 2 negative.
    assert table["majority"]["accuracy"].value == 1 / 4


def test_the_majority_is_that_of_the_other_products():
    gold = [Mention(1, 7, "negative"), Mention(1, 8, "negative"), Mention(3, 7, "positive")]
    table = reviews.sentiment(gold, gold, KNOWN)
    assert table["majority"]["accuracy"].value == 0  # each sees only what the other one said


def test_no_answer_and_neutral_instead_of_a_side_are_wrong():
    found = [Mention(1, 7, "positive"), Mention(1, 8, "neutral"), Mention(3, 9, "neutral")]
    reader = reviews.sentiment(found, GOLD, KNOWN)["reader"]
    assert reader["accuracy"].value == 1 / 4
    assert reader["answered"].value == pytest.approx(3 / 5)
    # positive: 1 right, 1 given, 2 wanted: 2/3; negative: 0 of 2; neutral: 1 right, 2 given, 1 wanted: 2/3
    assert reader["f1 of two"].value == pytest.approx((2 / 3 + 0) / 2)
    assert reader["f1 of three"].value == pytest.approx((2 / 3 + 0 + 2 / 3) / 3)


def test_the_gold_labels_measure_as_perfect_against_themselves():
    gold, known = reviews.gold(), reviews.reviews()
    assert reviews.mentions(gold, gold, known)["f1"] == (1, 1, 1)
    table = reviews.sentiment(gold, gold, known)
    assert table["reader"]["f1 of three"] == (1, 1, 1)
    assert table["majority"]["accuracy"].value < table["stars"]["accuracy"].low


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("review_id,feature_id\n1,2\n", "has no column sentiment"),
        ("review_id,feature_id,sentiment\n1,x,positive\n", "line 2: a key is no whole number"),
        ("review_id,feature_id,sentiment\n1,2,good\n", "line 2: the sentiment is 'good'"),
    ],
)
def test_answers_that_cannot_be_read_say_where(tmp_path, text, said):
    path = tmp_path / "answers.csv"
    path.write_text(text)
    with pytest.raises(AnswersError, match=said):
        reviews.read(path)


def test_two_answers_for_one_mention_are_refused():
    with pytest.raises(AnswersError, match="both positive and negative"):
        reviews.sentiment([Mention(1, 7, "positive"), Mention(1, 7, "negative")], GOLD, KNOWN)


# -- what is stored ------------------------------------------------------------------------------------------------------


def test_hybrid_is_never_below_the_better_of_its_parts():
    ways = figures.load()["search"]["ways"]
    for kind, table in ways["hybrid"].items():
        assert table["hit@3"][0] >= max(ways[part][kind]["hit@3"][0] for part in ("keyword-or", "vector")), kind


def test_the_page_shows_what_was_stored(monkeypatch):
    page = ROOT / "docs" / "reference" / "figures.md"
    assert not marking.stale(page, PARTS) and not figures.out_of_date()
    monkeypatch.setattr(figures, "made_from", lambda: "another")
    assert figures.out_of_date()
