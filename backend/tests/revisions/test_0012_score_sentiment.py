"""0012_score_sentiment: what every review says, whole or not at all, with the words that say it."""

import pytest
import sqlalchemy as sa
from alembic import command

from shop import ai
from shop.ai.azure import CHAT_DEPLOYMENT
from shop.ai.cache import Cache
from shop.ai.reader import Mention, Reader, Reading
from shop.operations import batches
from workshop import chain, steps

ODD = [
    "😀🎧🔥",
    "電池はすぐ切れます。音は良い。",
    "...!?",
    "The battery is great; " * 3000,
    "a\tb \\N 'quotes' \"and\" \\. {braces} :colon %s",
    "x" * 20_000,
]


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The texts that the reader is asked for, with a cache that begins empty; what it finds means nothing."""
    texts = []

    def read(self, some, features, listed=None):
        texts.extend(some)
        return [Reading("mixed", 0.5, 0.1, 0.4, (Mention(0, "positive", 0.8, one.split()[0]),)) for one in some]

    monkeypatch.setattr(Reader, "read", read)
    monkeypatch.setattr(Cache, "usual", classmethod(lambda cls, kind="vectors": cls(tmp_path / kind)))
    return texts


def test_what_it_makes(revision):
    seen = revision.up()
    assert seen.count("table") == 2
    [(reviews,)] = revision.run("SELECT count(*) FROM reviews")
    assert seen.rows("review_sentiments") == reviews
    assert seen.rows("review_mentions") > reviews // 2
    assert revision.run("SELECT DISTINCT provider, model FROM review_sentiments") == [("local", Reader.model)]
    lost = """SELECT m.review_id FROM review_mentions m JOIN reviews r ON r.id = m.review_id
              WHERE position(m.clause IN concat_ws(E'\n', r.title, r.body)) = 0"""
    assert revision.run(lost) == []
    assert revision.run("SELECT max(abs(positive_score + neutral_score + negative_score - 1)) < 0.01 "
                        "FROM review_sentiments") == [(True,)]  # fmt: skip


def test_a_review_takes_its_rows_along_and_a_feature_that_is_spoken_of_stays(revision, asked):
    revision.up()
    revision.run("DELETE FROM reviews WHERE id = 1")
    assert revision.run("SELECT review_id FROM review_sentiments WHERE review_id = 1") == []
    assert revision.run("SELECT review_id FROM review_mentions WHERE review_id = 1") == []
    with pytest.raises(sa.exc.IntegrityError, match="fk_review_mentions_feature_id_features"):
        revision.run("DELETE FROM product_features WHERE feature_id = 1; DELETE FROM features WHERE id = 1")


def test_odd_texts_are_read_and_a_blank_one_is_left_out(revision):
    for number, text in enumerate(ODD, 1):
        revision.run("UPDATE reviews SET title = NULL, body = :text WHERE id = :id", text=text, id=number)
    revision.run("UPDATE reviews SET title = NULL, body = E' \n' WHERE id = (SELECT max(id) FROM reviews)")
    revision.up()
    [(read,)] = revision.run("SELECT count(*) FROM review_sentiments WHERE review_id <= :n", n=len(ODD))
    assert read == revision.run("SELECT count(*) FROM reviews WHERE id <= :n", n=len(ODD))[0][0]
    unread = "SELECT body FROM reviews WHERE id NOT IN (SELECT review_id FROM review_sentiments)"
    assert revision.run(unread) == [(" \n",)]


def test_no_features_in_the_catalog_is_no_mention_and_every_review_was_read(revision, asked, monkeypatch):
    plain = Reading("neutral", 0.0, 1.0, 0.0, ())
    monkeypatch.setattr(Reader, "read", lambda self, texts, features, listed=None: [plain for _ in texts])
    revision.run("DELETE FROM product_features; DELETE FROM features")
    seen = revision.up()
    assert seen.rows("review_mentions") == 0 and seen.rows("review_sentiments") > 1000


def test_broken_off_at_700_the_rest_is_read_and_the_database_is_as_before(revision, asked, monkeypatch):
    real, given = Reader.read, []

    def dies(self, some, features, listed=None):
        if len(given) + len(some) > 700:
            raise ai.ModelError("The model is gone.")
        given.extend(some)
        return real(self, some, features, listed)

    with monkeypatch.context() as broken:
        broken.setattr(Reader, "read", dies)
        with pytest.raises(steps.StepError, match="The model is gone"):
            revision.up()
    assert revision.leaves_no_trace()
    assert 700 - batches.BATCH <= len(given) <= 700
    asked.clear()
    revision.up()
    [(everything,)] = revision.run("SELECT count(*) FROM review_sentiments")
    assert len(asked) <= everything - 700 + batches.BATCH
    revision.down()
    asked.clear()
    revision.up()
    assert asked == []


def test_the_script_of_sql_says_why_nothing_was_read_or_lets_azure_read(revision, monkeypatch, capsys):
    way = f"{revision.step.before}:{revision.step.name}"
    command.upgrade(chain.alembic_config(), way, sql=True)
    assert "-- op.score_sentiment('review_sentiments'): left out. The local reader" in capsys.readouterr().out
    monkeypatch.setenv("AI_PROVIDER", "azure")
    monkeypatch.setenv(CHAT_DEPLOYMENT, "small'one")
    command.upgrade(chain.alembic_config(), way, sql=True)
    script = capsys.readouterr().out
    assert script.count("azure_ai.extract(batch.text, wanted.data, 'small''one')") == 1
    assert "azure_cognitive.analyze_sentiment(left(text, 5120), 'en')" in script
