"""The stand-in for Azure: the same revision, run in the database by functions of azure_ai's names."""

import re

import pytest
import sqlalchemy as sa

from shop import database
from shop.ai import in_database
from workshop import azure_double, steps, terminal, xray

STEP = "0006_embed_catalog"
VECTORS = sa.text("SELECT review_id, embedding::real[] FROM review_embeddings ORDER BY review_id")


def look(settings):
    with database.connect(settings) as connection:
        return xray.snapshot(connection).fingerprint


@pytest.fixture
def double(settings):
    with azure_double.standing(STEP, settings) as one:
        yield one


def test_the_revision_runs_there_as_it_would_on_azure(double, settings, at, capsys):
    own = look(settings)
    terminal.run(settings, "alembic", "upgrade +1", stand_in=True)
    assert look(settings) == own, "the learner's own database was touched"
    said = capsys.readouterr().out
    assert said.startswith(f"{azure_double.LABEL}\n$ AI_PROVIDER=azure alembic upgrade +1\n")
    assert "1278 vectors by stand-in-embeddings" in said and azure_double.SETTINGS["AZURE_OPENAI_KEY"] not in said
    seen = double.changed()
    assert "made by azure stand-in-embeddings" in str(seen) and "azure_ai" not in str(seen)
    assert seen.rows("review_embeddings") == 1278 and seen.revisions[1] == STEP
    with database.connect(at(STEP)) as local, database.connect(double.settings) as azure:
        here, there = local.execute(VECTORS).all(), azure.execute(VECTORS).all()
        assert [key for key, _ in here] == [key for key, _ in there]
        assert (
            max(abs(a - b) for (_, x), (_, y) in zip(here, there, strict=True) for a, b in zip(x, y, strict=True))
            < 1e-4
        )
    terminal.run(settings, "alembic", "downgrade -1", stand_in=True)
    assert not double.changed()


def test_killed_in_the_middle_it_goes_on_from_there_and_the_key_is_cleared_by_the_downgrade(
    double, alembic, monkeypatch
):
    """SIGKILL while the service limits how often it may be asked; half of the batches are finished."""
    place = double.settings
    for name, value in azure_double.SETTINGS.items():
        monkeypatch.setenv(name, value)

    def ask(statement):
        with database.connect(place) as connection, connection.begin():
            result = connection.execute(sa.text(statement))
            return result.all() if result.returns_rows else None

    azure_double.refuse(place, 1000, "429: Too Many Requests", after=6)
    run = alembic("upgrade", "+1", place=place)
    for line in run.stderr:
        if "asking again in 5 seconds" in line:
            break
    run.kill()
    run.wait()
    assert not double.changed()
    [(kept,)] = ask("SELECT count(*) FROM shop_ai.finished")
    assert 500 < kept <= 6 * in_database.BATCH
    assert ask("SELECT count(*) FROM shop_ai.settings_made") == [(4,)]
    ask("DELETE FROM azure_ai.refusals")
    before = azure_double.attempts(place)
    again = alembic("upgrade", "+1", place=place)
    said = again.communicate(timeout=60)[1]
    assert again.returncode == 0 and azure_double.SETTINGS["AZURE_OPENAI_KEY"] not in said, said
    assert azure_double.attempts(place) - before == 6
    steps.downgrade(place, double.step.before)
    assert not double.changed()
    assert {value for (value,) in ask("SELECT value FROM azure_ai.settings")} == {""}


@pytest.mark.parametrize(
    ("step", "made"),
    [
        ("0010_embed_documents", "chunk_embeddings: {} made by azure stand-in-embeddings"),
        ("0012_score_sentiment", "review_mentions: {} made by azure stand-in-chat"),
    ],
)
def test_later_steps_run_there_too(settings, step, made, capsys):
    with azure_double.standing(step, settings) as other:
        terminal.run(settings, "alembic", "upgrade +1", stand_in=True)
        table, _, by = made.partition(": {}")
        assert re.search(rf"table {table}: .*\+[\d,]+ rows{by}", str(other.changed()))


def test_without_the_database_the_way_to_it_is_said(settings):
    with pytest.raises(azure_double.NoDoubleError, match="workshop azure-double begin"):
        terminal.run(settings, "alembic", "upgrade +1", stand_in=True)


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("(azure_cognitive.analyze_sentiment('I love it, great sound', 'en')).sentiment", "positive"),
        ("(azure_cognitive.analyze_sentiment('not good', 'en')).sentiment", "negative"),
        ("(azure_cognitive.analyze_sentiment('good but it broke', 'en')).sentiment", "mixed"),
        ("(azure_cognitive.analyze_sentiment('It is a watch.', language => 'en')).sentiment", "neutral"),
        (
            "(SELECT string_agg(r.sentiment, ' ') FROM azure_cognitive.analyze_sentiment(ARRAY['bad', 'good'], 'en') r)",
            "negative positive",
        ),
        (
            "azure_ai.extract('Great', ARRAY['sentiment - positive or negative', 'color: string'])->>'sentiment'",
            "positive",
        ),
        ("azure_ai.extract('Great', ARRAY['color: string'])::text", '{"color": null}'),
    ],
)
def test_the_small_lexicon_answers(answers, call, answer):
    assert answers(f"SELECT {call}") == answer


@pytest.fixture
def answers(settings):
    azure_double.install(settings)

    def ask(query):
        with database.connect(settings) as connection:
            for service in ("azure_openai", "azure_cognitive"):
                for name, value in (("endpoint", "x"), ("subscription_key", azure_double.SETTINGS["AZURE_OPENAI_KEY"])):
                    connection.execute(sa.select(sa.func.azure_ai.set_setting(f"{service}.{name}", value)))
            return connection.scalar(sa.text(query.replace(": ", "\\: ")))

    return ask


def test_one_text_has_one_vector_and_may_have_more_dimensions(answers, settings):
    azure_double.teach(settings, ["quiet on a plane"])
    one = answers("SELECT azure_openai.create_embeddings('stand-in-embeddings', 'quiet on a plane')")
    twice = answers("SELECT azure_openai.create_embeddings('stand-in-embeddings', 'quiet on a plane', 768)")
    assert len(one) == 384 and len(twice) == 768
    assert sum(x * x for x in one) == pytest.approx(1, abs=1e-4) == sum(x * x for x in twice)


def test_what_is_not_a_failure_is_null_when_asked_not_to_throw(answers, settings):
    call = "azure_openai.create_embeddings('stand-in-embeddings', 'never read', throw_on_error => false)"
    assert answers(f"SELECT {call}") is None
