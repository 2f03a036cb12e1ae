"""Search by words, by meaning, by both: on the real catalog, with the real model."""

import numpy as np
import pytest
import sqlalchemy as sa

from shop import ai, database, search
from shop.search import KINDS, model, statements
from shop.settings import Settings
from workshop import checkpoints, steps

SNORING = "something for my ears in bed"


@pytest.fixture(scope="module")
def place(server):
    """A database with the catalog and its vectors, for all tests of this file."""
    place = Settings(server.url("workshop_test_search"), embedded=False)
    checkpoints.replace(place, checkpoints.ensure(place, "0006_embed_catalog", steps.upgrade))
    yield place
    checkpoints.drop(place)


@pytest.fixture
def shop(place):
    """A connection to it; what a test changes is rolled back."""
    with database.connect(place) as connection:
        yield connection


def keys(hits):
    return [hit.product_id for hit in hits]


def products(connection, condition):
    return connection.scalars(sa.text(f"SELECT id FROM products WHERE {condition} ORDER BY id")).all()


def test_each_kind_answers_with_ranked_products_and_a_passage_of_theirs(shop):
    for kind in KINDS:
        hits = search.search(shop, kind, "balanced armature in ear monitors", limit=5)
        assert hits[0].product_id == 17, kind
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert len(set(keys(hits))) == len(hits) <= 5
        for hit in hits:
            owner = sa.text("SELECT product_id FROM product_passages WHERE text = :text")
            assert shop.scalars(owner, {"text": hit.passage}).all() == [hit.product_id]


def test_each_kind_is_one_statement_and_nothing_typed_is_part_of_its_text(shop):
    seen = []
    sa.event.listen(shop, "before_cursor_execute", lambda *told: seen.append((told[2], told[3])))
    for kind in KINDS:
        seen.clear()
        search.search(shop, kind, "Robert'); DROP TABLE products; -- %s :query")
        [(statement, parameters)] = seen
        assert "Robert" not in statement and parameters["vector" if kind == "vector" else "query"]
    assert shop.scalar(sa.text("SELECT count(*) FROM products")) == 66


def test_keyword_and_wants_every_word_and_keyword_or_any(shop):
    assert keys(search.keyword_and(shop, "amber display radio")) == [42]
    assert search.keyword_and(shop, "amber display radio zeppelin") == []
    assert keys(search.keyword_or(shop, "amber display radio zeppelin"))[0] == 42
    assert 42 not in keys(search.keyword_and(shop, "display -radio", limit=66))
    assert search.keyword_and(shop, "' | & ! <-> \\ :* \" -") == []


def test_a_rare_word_counts_more_than_a_frequent_one(shop):
    frequent, rare = "battery", "m4b"
    assert len(search.keyword_or(shop, frequent, limit=66)) > 40
    assert keys(search.keyword_or(shop, rare)) == keys(search.keyword_or(shop, f"{frequent} {rare}"))[:1]


def test_meaning_finds_what_no_word_does(shop):
    asked = "so remote colleagues catch what everybody in the room says"
    assert search.keyword_and(shop, asked) == []
    assert keys(search.keyword_or(shop, asked))[0] != 44
    assert keys(search.vector(shop, asked))[0] == 44
    assert 44 in keys(search.hybrid(shop, asked))[:3]


def test_the_best_passage_speaks_for_its_product(shop):
    [best] = search.vector(shop, "sapphire glass watch", limit=1)
    asked = ai.provider().embed(["sapphire glass watch"])[0]
    told = shop.execute(sa.text("SELECT text, embedding::real[] FROM product_passages ORDER BY text")).all()
    cosines = {text: float(np.dot(asked, vector)) for text, vector in told}
    assert best.passage == max(cosines, key=cosines.get)
    assert best.score == pytest.approx(cosines[best.passage], abs=1e-5)


def test_the_order_of_the_rows_does_not_show(shop):
    before = [search.search(shop, kind, "watch battery", limit=66) for kind in KINDS]
    for table in ("products", "reviews", "product_passages", "review_embeddings"):
        # An update writes each row anew: they now lie the other way round.
        key = "review_id" if table == "review_embeddings" else "product_id" if table == "product_passages" else "id"
        shop.execute(sa.text(f"CREATE TEMPORARY TABLE aside AS SELECT * FROM {table} ORDER BY {key} DESC"))
        shop.execute(sa.text("SET LOCAL session_replication_role = replica"))
        shop.execute(sa.text(f"DELETE FROM {table}"))
        shop.execute(sa.text(f"INSERT INTO {table} SELECT * FROM aside"))
        shop.execute(sa.text("DROP TABLE aside"))
    lie = shop.scalars(sa.text("SELECT id FROM products")).all()
    assert lie == sorted(lie, reverse=True)
    assert [search.search(shop, kind, "watch battery", limit=66) for kind in KINDS] == before


def test_equal_scores_come_by_key(shop):
    shop.execute(sa.text("UPDATE product_passages SET embedding = (SELECT embedding FROM product_passages LIMIT 1)"))
    hits = search.vector(shop, SNORING, limit=66)
    assert keys(hits) == sorted(keys(hits)) and len({hit.score for hit in hits}) == 1


def test_the_first_hits_are_the_same_whatever_the_limit(shop):
    for kind in KINDS:
        many = search.search(shop, kind, SNORING, limit=66)
        assert search.search(shop, kind, SNORING, limit=3) == many[:3]
        assert len(many) <= (search.Settings().candidates if kind == "hybrid" else 66)


def test_a_product_without_vectors_is_still_found_by_its_words(shop):
    shop.execute(sa.text("DELETE FROM product_passages WHERE product_id = 42"))
    for kind in (search.keyword_or, search.hybrid):
        hit = next(hit for hit in kind(shop, "walnut radio with RDS", limit=10) if hit.product_id == 42)
        assert hit.passage is None


def test_vectors_of_another_model_are_not_compared(shop):
    shop.execute(sa.text("UPDATE product_passages SET model = 'another'"))
    assert search.vector(shop, SNORING) == []


@pytest.mark.parametrize(
    "query", ["", " \n\t", "!?.,", "\0", "the of and", "🎧", "\ud800", "x" * 5000, "' | & ! <-> \\ :*", "耳机"]
)
def test_odd_queries_find_something_or_nothing(shop, query):
    assert len(search.hybrid(shop, query, limit=3)) <= 3
    if not model.readable(query):
        assert search.hybrid(shop, query) == search.vector(shop, query) == []


def test_the_settings_reach_the_statement(shop):
    reviews_only = search.Settings(weights=(1.0, 0.0, 0.0, 0.0))
    assert keys(search.keyword_or(shop, "m4b", settings=search.Settings())) == [16]
    said = products(shop, "EXISTS (SELECT FROM reviews WHERE product_id = products.id AND body ~* '\\mm4b\\M')")
    scores = {hit.product_id: hit.score for hit in search.keyword_or(shop, "m4b", settings=reviews_only)}
    assert all((score > 0) == (key in said) for key, score in scores.items())


def test_what_cannot_be_asked_is_said(shop, monkeypatch):
    with pytest.raises(ValueError, match="no search 'fuzzy': choose one of keyword-and"):
        search.search(shop, "fuzzy", "anything")
    monkeypatch.setenv("AI_PROVIDER", "azure")
    monkeypatch.setenv("AZURE_OPENAI_EMBEDDING_DEPLOYMENT", "small")
    model.usual_reader.cache_clear()
    try:
        with pytest.raises(ai.ModelError, match="set AI_PROVIDER to local"):
            search.vector(shop, "anything")
    finally:
        model.usual_reader.cache_clear()


def test_no_statement_holds_a_value():
    for text in (statements.KEYWORD_AND, statements.KEYWORD_OR, statements.VECTOR, statements.HYBRID):
        assert "{" not in text and "%" not in text
