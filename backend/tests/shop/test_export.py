"""What data/README.md says about the export, measured."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter

import pytest

from shop.settings import DATA
from workshop import export

REVIEWS = export.accepted("reviews")
TEXTS = [export.words(row["body"]) for row in REVIEWS]


@pytest.mark.parametrize(
    ("table", "least"),
    {"products": 60, "features": 45, "product_features": 250, "variants": 500, "users": 40, "reviews": 1200}.items(),
)
def test_there_is_enough_of_everything(table, least):
    assert len(export.accepted(table)) >= least


def test_six_categories_and_products_that_compete():
    from_file = Counter(re.sub(r"[^a-z]", "", row["category"].lower())[:5] for row in export.accepted("products"))
    assert len(from_file) == 6
    assert [count for _, count in from_file.most_common(2)] >= [18, 16]


def test_every_product_has_a_drawing_reviews_and_a_description_of_80_to_200_words():
    drawn = {row["product_id"] for row in export.accepted("product_images")}
    reviewed = {row["product_id"] for row in REVIEWS}
    for row in export.accepted("products"):
        assert row["id"] in drawn & reviewed
        assert 80 <= len(export.words(row["description"])) <= 200, row["name"]
        assert 8 <= len(json.loads(row["specifications"])) <= 14, row["name"]


def test_the_drawings_are_svg_with_a_title_and_fetch_nothing():
    for row in export.accepted("product_images"):
        path = DATA / row["path"].strip()
        text = path.read_text(encoding="utf-8")
        root = ET.fromstring(text)
        assert (
            root.tag == "{http://www.w3.org/2000/svg}svg" and root.find("{http://www.w3.org/2000/svg}title") is not None
        )
        assert "href" not in text and "<script" not in text and path.stat().st_size < 3000


def test_reviews_have_20_to_120_words_or_so():
    assert sum(not 19 <= len(text) <= 124 for text in TEXTS) == 0


def test_reviews_do_not_repeat_each_other():
    assert export.sharing(TEXTS, 8) < 0.02
    masked = [export.content_words(text, export.names()) for text in TEXTS]
    assert export.sharing(masked, 5) <= 0.02
    assert Counter(tuple(text[:4]) for text in TEXTS).most_common(1)[0][1] <= 3


def test_sharing_notices_what_is_shared():
    one = "a b c d e f g h".split()
    assert export.sharing([one, ["x", *one], ["y"] * 9], 8) == pytest.approx(2 / 3)


def test_every_defect_stands_on_a_line_of_its_file_once():
    seen = Counter((d["file"], d["line"], d["column"]) for d in export.rows("defects.csv"))
    assert max(seen.values()) == 1
    assert {d["file"] for d in export.rows("defects.csv")} == set(export.given())


def test_gold_labels_are_many_exhaustive_and_quote_the_review():
    bodies = {row["id"]: " ".join(re.sub(r"<[^>]+>", " ", row["title"] + " " + row["body"]).split()) for row in REVIEWS}
    plain = {key: text.replace("&#39;", "'").replace("&amp;", "&") for key, text in bodies.items()}
    labels = export.rows("gold/labels.csv")
    mentions = [row for row in labels if row["feature_id"] != "none"]
    reviews = {row["review_id"] for row in labels}
    assert len(mentions) >= 1000 and len(reviews) >= 350
    assert {row["product_id"] for row in REVIEWS if row["id"] in reviews} == {row["product_id"] for row in REVIEWS}
    assert {row["sentiment"] for row in mentions} == {"positive", "negative", "neutral"}
    assert max(Counter((row["review_id"], row["feature_id"]) for row in labels).values()) == 1
    assert [row for row in mentions if row["words"] not in plain[row["review_id"]]] == []
    without = {row["review_id"] for row in labels if row["feature_id"] == "none"}
    assert not without & {row["review_id"] for row in mentions}


def test_every_accepted_review_is_labelled():
    assert {row["review_id"] for row in export.rows("gold/labels.csv")} == {row["id"] for row in REVIEWS}


def test_150_reviews_were_labelled_twice():
    seen = export.agreement()
    assert seen["reviews"] >= 150
    assert 0 < seen["mentions"] <= 1 and 0 < seen["kappa"] <= 1


def test_queries_are_judged():
    queries = export.rows("gold/queries.csv")
    products = {row["id"] for row in export.accepted("products")}
    assert len(queries) >= 60
    assert {row["kind"] for row in queries} == {"paraphrase", "exact", "negation"}
    assert all(
        row["relevant_product_ids"].split() and set(row["relevant_product_ids"].split()) <= products for row in queries
    )


def test_documents():
    paths = sorted((DATA / "documents").glob("*.md"))
    assert len(paths) >= 25
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert 300 <= len(text.split("---", 2)[2].split()) <= 1200, path.name
        assert text.startswith("---\n") and "\n# " in text and text.count("\n## ") >= 4, path.name
    old = (DATA / "documents" / "returns-policy-2023.md").read_text(encoding="utf-8")
    assert "superseded_by: returns-policy-2026.md" in old


# -- training texts ------------------------------------------------------------------------------------------------------

TRAINING = [text for name in ("shop_reviews", "other_reviews") for text in export.training(f"{name}.jsonl")]


def test_training_texts_quote_themselves_and_name_features_that_exist():
    features = export.accepted("features")
    lists = {
        "shop": {" ".join(row["name"].replace("&amp;", "&").split()) for row in features},
        **export.feature_lists(),
    }
    assert len(lists["shop"]) == 56
    for text in TRAINING:
        named = [feature for feature, _, _ in text["mentions"]]
        assert set(named) <= set(lists[text["list"]]) and len(set(named)) == len(named), text
        assert {sentiment for _, sentiment, _ in text["mentions"]} <= {"positive", "negative", "neutral"}, text
        assert all(words and words in text["text"] for _, _, words in text["mentions"]), text


def test_training_texts_are_many_and_all_different():
    assert len(TRAINING) >= 850
    assert len({text["text"] for text in TRAINING}) == len(TRAINING)
    assert export.sharing([export.words(text["text"]) for text in TRAINING], 8) < 0.01


def test_training_texts_share_no_8_words_with_the_reviews_that_the_reader_is_measured_on():
    def runs(text):
        return {tuple(text[start : start + 8]) for start in range(len(text) - 7)}

    measured = set().union(*map(runs, TEXTS))
    assert [text["text"] for text in TRAINING if runs(export.words(text["text"])) & measured] == []
