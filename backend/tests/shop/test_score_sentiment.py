"""op.score_sentiment and the reader by themselves; what the revision does with them stands in tests/revisions."""

import io

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

import shop.operations  # noqa: F401  registers op.score_sentiment
from shop import ai
from shop.ai import reader, readings
from shop.ai.azure import CHAT_DEPLOYMENT, AzureReader
from shop.ai.cache import Cache
from shop.ai.reader import Listed, Mention, Reader, Reading

TABLES = """
    CREATE TABLE notes (id integer PRIMARY KEY, body text);
    CREATE TABLE things (id integer PRIMARY KEY, name text);
    CREATE TABLE heard (note_id integer PRIMARY KEY, md5 text, sentiment text NOT NULL, positive_score real NOT NULL,
        neutral_score real NOT NULL, negative_score real NOT NULL, provider text NOT NULL, model text NOT NULL,
        computed_at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE said (note_id integer, thing_id integer, sentiment text NOT NULL, score real NOT NULL,
        clause text NOT NULL, provider text NOT NULL, model text NOT NULL,
        computed_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (note_id, thing_id));
    INSERT INTO things VALUES (7, 'Sound: how it sounds'), (3, 'Battery: how long it runs');
    INSERT INTO notes SELECT n, 'Note ' || n || '. The sound is good. The battery is bad.'
    FROM generate_series(1, 300) AS n
"""
PLAN = {
    "mentions": "said",
    "key": "note_id",
    "source": "SELECT id AS note_id, body AS text, md5(body) FROM notes",
    "keep": "md5",
    "feature_key": "thing_id",
    "features": "SELECT id AS thing_id, name AS text FROM things",
}

# Functions of the documented names and signatures, which note what they are asked. The first answers by one word; the
# second quotes the sentence that has the name of what it is asked for, makes up a quotation, and leaves one empty.
DOUBLE = """
    CREATE SCHEMA azure_cognitive; CREATE SCHEMA azure_ai;
    CREATE TABLE azure_ai.asked (function text, text text, more text);
    CREATE TYPE azure_cognitive.sentiment_analysis_result AS (sentiment text, positive_score double precision,
        neutral_score double precision, negative_score double precision);
    CREATE FUNCTION azure_cognitive.analyze_sentiment(text text, language text, timeout_ms integer DEFAULT 3600000,
        throw_on_error boolean DEFAULT true, disable_service_logs boolean DEFAULT false)
    RETURNS azure_cognitive.sentiment_analysis_result LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO azure_ai.asked VALUES ('analyze_sentiment', text, language);
        RETURN (CASE WHEN text ~ 'good' AND text ~ 'bad' THEN '(mixed,0.5,0,0.5)'
                    WHEN text ~ 'good' THEN '(positive,0.9,0.1,0)' ELSE '(negative,0,0.2,0.8)' END)
            ::azure_cognitive.sentiment_analysis_result;
    END $$;
    CREATE FUNCTION azure_ai.extract(document text, data text[], model text DEFAULT 'gpt-4.1') RETURNS jsonb
    LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO azure_ai.asked VALUES ('extract', document, model);
        RETURN (SELECT jsonb_object_agg(split_part(label, ':', 1), CASE
                    WHEN label ~ 'Battery' THEN substring(document FROM 'The battery is [a-z]+')
                    WHEN label ~ 'Sound' AND document ~ 'Note 1[.]' THEN 'Sounds lovely' ELSE
                        CASE WHEN document ~ 'Note 2[.]' THEN ' ' ELSE 'The sound is good.' END END)
                FROM unnest(data) AS label);
    END $$
"""


@pytest.fixture
def op(connection):
    return Operations(MigrationContext.configure(connection))


@pytest.fixture
def notes(connection, monkeypatch, tmp_path):
    """300 notes, and a reader that tells the number of the note."""
    connection.exec_driver_sql(TABLES)
    monkeypatch.setattr(
        Reader, "read", lambda self, texts, features, listed=None: [told(text, features) for text in texts]
    )
    monkeypatch.setattr(Cache, "usual", classmethod(lambda cls, kind="vectors": cls(tmp_path / kind)))


def told(text, features):
    assert [one.split(":")[0] for one in features] == ["Battery", "Sound"]
    return Reading("mixed", 0.5, 0.12345, 0.4, (Mention(0, "negative", 0.87654, text.split(".")[0]),))


@pytest.fixture
def azure(connection, notes, monkeypatch):
    """The database answers by itself."""
    monkeypatch.setenv("AI_PROVIDER", "azure")
    monkeypatch.setenv(CHAT_DEPLOYMENT, "small'one")
    connection.exec_driver_sql(DOUBLE)


def rows(connection, query):
    return [tuple(row) for row in connection.execute(sa.text(query))]


# -- the operation, reading here ---------------------------------------------------------------------------------------


def test_each_row_gets_its_own_reading_and_only_what_is_missing_is_read(op, connection, notes):
    op.score_sentiment("heard", **PLAN)
    assert rows(connection, "SELECT count(*) FROM heard WHERE md5 = (SELECT md5(body) FROM notes WHERE id = note_id)") \
        == [(300,)]  # fmt: skip
    assert rows(connection, "SELECT count(*) FROM said WHERE clause = 'Note ' || note_id AND thing_id = 3") == [(300,)]
    assert rows(connection, "SELECT DISTINCT sentiment, neutral_score, provider FROM heard") == [
        ("mixed", pytest.approx(0.123), "local")
    ]
    assert rows(connection, "SELECT DISTINCT sentiment, score, model FROM said") == [
        ("negative", pytest.approx(0.877), Reader.model)
    ]
    connection.exec_driver_sql("INSERT INTO notes VALUES (301, 'Note 301.'), (302, NULL), (303, E' \\n')")
    op.score_sentiment("heard", **PLAN)
    assert rows(connection, "SELECT max(note_id), count(*) FROM heard") == [(301, 301)]


def test_progress_is_told_by_rows(op, connection, notes, monkeypatch):
    from alembic.config import Config

    config, told_so_far = Config(), []
    config.attributes["on_rows"] = lambda *words: told_so_far.append(words)
    monkeypatch.setattr(MigrationContext, "config", config)
    op.score_sentiment("heard", **PLAN)
    assert told_so_far == [("heard", n, 300) for n in (128, 256, 300)]


# -- the operation, reading in the database ----------------------------------------------------------------------------


def test_azure_is_one_statement_a_batch_and_no_text_leaves(op, connection, azure):
    seen = []
    sa.event.listen(
        connection, "before_cursor_execute", lambda c, cursor, statement, values, *_: seen.append((statement, values))
    )
    op.score_sentiment("heard", **PLAN)
    assert sum("azure_ai.extract(" in statement for statement, _ in seen) == 3
    assert not any("good" in f"{statement} {values}" or "small'one" in statement for statement, values in seen)
    assert rows(connection, "SELECT DISTINCT sentiment, positive_score, provider, model FROM heard") == [
        ("mixed", 0.5, "azure", "Azure AI Language")
    ]
    asked = "SELECT function, more, count(*) FROM azure_ai.asked GROUP BY 1, 2 ORDER BY 1"
    # 300 notes and the quotations: of the battery 300, of the sound 298
    assert rows(connection, asked) == [("analyze_sentiment", "en", 898), ("extract", "small'one", 300)]


def test_azures_quotation_is_judged_by_itself_and_one_that_is_not_in_the_text_is_not_believed(op, connection, azure):
    op.score_sentiment("heard", **PLAN)
    said = "SELECT thing_id, sentiment, score, clause, model FROM said WHERE note_id = {} ORDER BY 1"
    battery = (3, "negative", pytest.approx(0.8), "The battery is bad", "small'one")
    assert rows(connection, said.format(1)) == [battery]
    assert rows(connection, said.format(2)) == [battery]
    assert rows(connection, said.format(3)) == [
        battery,
        (7, "positive", pytest.approx(0.9), "The sound is good.", "small'one"),
    ]


def test_azures_mixed_is_neutral_for_a_feature(op, connection, azure):
    connection.exec_driver_sql("UPDATE notes SET body = 'The battery is good' WHERE id = 5")
    connection.exec_driver_sql(
        "UPDATE things SET name = 'Battery' WHERE id = 3; DELETE FROM things WHERE id = 7; "
        "CREATE OR REPLACE FUNCTION azure_ai.extract(document text, data text[], model text DEFAULT 'gpt-4.1') "
        "RETURNS jsonb LANGUAGE sql RETURN jsonb_build_object('f0', document)"
    )
    op.score_sentiment("heard", **PLAN)
    assert rows(connection, "SELECT sentiment, score FROM said WHERE note_id IN (5, 6) ORDER BY note_id") == [
        ("positive", pytest.approx(0.9)),
        ("neutral", 0),
    ]


def test_azures_script_runs(op, connection, azure):
    out = io.StringIO()
    script = Operations(
        MigrationContext.configure(
            dialect_name="postgresql", opts={"as_sql": True, "literal_binds": True, "output_buffer": out}
        )
    )
    script.score_sentiment("heard", **PLAN)
    connection.exec_driver_sql(out.getvalue())
    assert rows(connection, "SELECT (SELECT count(*) FROM heard), (SELECT count(*) FROM said)") == [(300, 598)]


@pytest.mark.parametrize("function", ["azure_ai.extract", "azure_cognitive.analyze_sentiment"])
def test_azure_without_its_extension_is_one_sentence(op, connection, azure, function):
    connection.exec_driver_sql(f"DROP FUNCTION {function}")
    with pytest.raises(ai.ModelError, match=f"this database has no {function}: only Azure"):
        op.score_sentiment("heard", **PLAN)


def test_azure_that_forgets_a_text_fills_nothing(op, connection, azure):
    connection.exec_driver_sql("""
        DROP FUNCTION azure_cognitive.analyze_sentiment;
        CREATE FUNCTION azure_cognitive.analyze_sentiment(text text, language text)
        RETURNS SETOF azure_cognitive.sentiment_analysis_result LANGUAGE sql
        AS $$ SELECT 'neutral', 0.0, 1.0, 0.0 WHERE text !~ 'Note 7' $$
    """)
    with pytest.raises(ai.ModelError, match="readings by Azure AI Language came for 128 texts"):
        op.score_sentiment("heard", **PLAN)


def test_the_settings_choose_the_reader():
    assert isinstance(ai.text_reader({}), Reader)
    assert ai.text_reader({"AI_PROVIDER": "azure", CHAT_DEPLOYMENT: "small"}) == AzureReader("small")
    with pytest.raises(ai.ModelError, match=f"{CHAT_DEPLOYMENT} is not set"):
        ai.text_reader({"AI_PROVIDER": "azure"})


# -- readings and their cache ------------------------------------------------------------------------------------------


class Parrot(Reader):
    """Says what it was told to say, and notes what it was asked."""

    def __init__(self, *said):
        self.said, self.asked = said, []

    def read(self, texts, features, listed=None):
        self.asked += texts
        return list(self.said) * len(texts)


def test_what_was_read_is_not_read_again_unless_the_features_are_others(tmp_path):
    cache, one = Cache(tmp_path / "r"), Reading("mixed", 0.4, 0.2, 0.4, (Mention(0, "neutral", 1.0, "b"),))
    parrot = Parrot(one)
    assert readings.read(parrot, ["a b", "a b", "b"], ["Bass: low"], cache=cache) == [one] * 3
    assert parrot.asked == ["a b", "b"]
    assert readings.read(Parrot(), ["b"], ["Bass: low"], cache=cache) == [one]
    readings.read(parrot, ["b"], ["Bass: low", "Price: euro"], cache=cache)
    assert parrot.asked == ["a b", "b", "b"]


def test_the_same_words_of_another_product_are_read_anew(tmp_path):
    cache, one = Cache(tmp_path / "r"), Reading("neutral", 0.0, 1.0, 0.0, ())
    parrot, both = Parrot(one), [Listed(own=frozenset({0})), Listed(kin=frozenset({0}))]
    readings.read(parrot, ["a", "a"], ["Bass: low"], both, cache)
    readings.read(parrot, ["a", "a"], ["Bass: low"], both, cache)
    assert parrot.asked == ["a", "a"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reading("good", 1.0, 0.0, 0.0, ()), "a sentiment that there is not"),
        (Reading("mixed", 0.4, 0.2, 0.4, (Mention(0, "mixed", 1.0, "a"),)), "a sentiment that there is not"),
        (Reading("neutral", 0.0, float("nan"), 0.0, ()), "a number that is not between"),
        (Reading("neutral", 0.0, 1.0, 0.0, (Mention(0, "neutral", 1.1, "a"),)), "a number that is not between"),
        (Reading("neutral", 0.0, 1.0, 0.0, (Mention(0, "neutral", 1.0, "a"),) * 2), "a feature twice"),
        (Reading("neutral", 0.0, 1.0, 0.0, (Mention(1, "neutral", 1.0, "a"),)), "a feature that was not asked for"),
        (Reading("neutral", 0.0, 1.0, 0.0, (Mention(0, "neutral", 1.0, "b"),)), "words that do not stand in it"),
        (Reading("neutral", 0.0, 1.0, 0.0, (Mention(0, "neutral", 1.0, ""),)), "words that do not stand in it"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_not_kept(tmp_path, answer, said):
    cache = Cache(tmp_path / "r")
    with pytest.raises(ai.ModelError, match=said):
        readings.read(Parrot(answer), ["a"], ["Bass: low"], cache=cache)
    parrot = Parrot(Reading("neutral", 0.0, 1.0, 0.0, ()))
    readings.read(parrot, ["a"], ["Bass: low"], cache=cache)
    assert parrot.asked == ["a"]


def test_a_reader_that_forgets_a_text_is_refused(tmp_path):
    with pytest.raises(ai.ModelError, match="gave 0 readings for 1 texts"):
        readings.read(Parrot(), ["a"], ["Bass: low"], cache=Cache(tmp_path / "r"))


# -- the local reader --------------------------------------------------------------------------------------------------

FEATURES = ["Battery life: How long it runs between two charges.", "Bass: How deep and how strong the low notes are."]


def test_a_feature_is_found_with_the_words_that_say_it():
    [one] = Reader().read(["After a year\nI took it along. The battery life is excellent, ten hours."], FEATURES)
    [mention] = one.mentions
    assert mention.feature == 0 and mention.sentiment == "positive"
    assert "battery life is excellent" in mention.clause


def test_odd_texts_are_read_without_a_failure():
    odd = ["", " \n", "😀🎧", "電池はすぐ切れます。", "...", "x" * 9000, "bass " * 5000, "a\nb"]
    found = Reader().read(odd, FEATURES)
    assert [one.mentions for one in found[:2]] == [(), ()]
    for text, one in zip(odd, found, strict=True):
        assert one.positive + one.neutral + one.negative == pytest.approx(1, abs=1e-4)
        assert all(mention.clause in text for mention in one.mentions)


def test_without_features_there_is_nothing_to_speak_of():
    assert Reader().read(["Great bass."], [])[0].mentions == ()


def test_what_the_catalog_lists_is_believed_more_easily():
    texts, catalog = ["My daughter could hear the double bass on it, more or less."], [None]
    strengths = {}
    for name, listed in {"own": Listed(own=frozenset({1})), "other": Listed(), "unknown": None}.items():
        catalog[0] = listed
        strengths[name] = reader.Learned.load().expected(2, listed)[1]
        assert all(mention.clause in texts[0] for mention in Reader().read(texts, FEATURES, catalog)[0].mentions)
    assert strengths["own"] > strengths["unknown"] == 0 > strengths["other"]


def test_what_was_learned_is_checked_before_it_is_believed(monkeypatch, tmp_path):
    other = tmp_path / "reader.npz"
    monkeypatch.setattr(reader, "LEARNED", other)
    with pytest.raises(ai.ModelError, match="What the reader learned cannot be read"):
        Reader().read(["Great bass."], FEATURES)
    other.write_bytes(b"PK")
    with pytest.raises(ai.ModelError, match="is not the file that this version was made with"):
        Reader().read(["Great bass."], FEATURES)
