"""What came or changed after the revisions ran is seen by `workshop status` and filled by `workshop refresh`."""

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from shop import ai, database
from shop.ai import local
from shop.operations import batches
from workshop import azure_double, beside, chain, checks, fillings, refresh, scratch, steps, xray
from workshop.cli import main

STEP = chain.find("0006_embed_catalog")
CHANGES = """
    INSERT INTO reviews (id, product_id, user_id, rating, title, body, reviewed_on) OVERRIDING SYSTEM VALUE
        SELECT 90001, product_id, user_id, 4, 'Late', 'It came in the evening.', reviewed_on FROM reviews WHERE id = 1;
    UPDATE reviews SET body = body || ' EDIT: it broke.' WHERE id IN (2, 3);
    UPDATE products SET description = 'Short now.', specifications = '{}', in_the_box = '{}' WHERE id = 14;
"""


@pytest.fixture
def run(settings):
    def act(statement, **values):
        with database.connect(settings) as connection, connection.begin():
            result = connection.execute(sa.text(statement.replace(": ", "\\: ")), values)
            return result.all() if result.returns_rows else None

    return act


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The texts that the model is asked for, with a cache that begins empty; the vectors mean nothing."""
    texts = []

    def compute(self, some):
        texts.extend(some)
        return local.np.tile(local.np.eye(1, 384, dtype="f4"), (len(some), 1))

    monkeypatch.setattr(local.Local, "compute", compute)
    monkeypatch.setattr(local.Cache, "usual", classmethod(lambda cls, *_: cls(tmp_path / "vectors.sqlite")))
    return texts


@pytest.fixture
def changed(at, run, request):
    """A shop that went on for a day: one review more, two of another text, a product with a shorter text."""
    settings = at(STEP.name)
    request.getfixturevalue("asked")  # only now: the checkpoint that others share is made by the model itself
    run(CHANGES)
    return settings


def state(settings):
    return {one.table: (one.missing, one.stale) for one in refresh.states(settings)}


def test_what_is_missing_and_stale_is_seen_and_filled_once(changed, asked, connection):
    passages = dict(state(changed))["product_passages"]
    assert passages[0] == 0 and passages[1] >= 2
    assert state(changed)["review_embeddings"] == (1, 2)
    list(refresh.refresh(changed))
    assert state(changed) == {"product_passages": (0, 0), "review_embeddings": (0, 0)}
    assert sorted(text.splitlines()[0] for text in asked if "EDIT" not in text)[0].startswith("Late")
    assert len(asked) == 1 + 2 + 1
    report = checks.run(STEP, connection)
    assert report.kept, str(report)
    before = xray.snapshot(connection).fingerprint
    asked.clear()
    list(refresh.refresh(changed))
    assert asked == [] and xray.snapshot(connection).fingerprint == before


def test_the_commands_say_it(changed):
    def said(*words):
        done = CliRunner().invoke(main, words, catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    assert "review_embeddings: 1,278 filled, 1 missing, 2 stale (workshop refresh)" in said("status")
    assert "review_embeddings: 1,278 filled, 1 missing, 2 stale: refreshed" in said("refresh")
    assert "review_embeddings: 1,279 filled\n" in said("status")
    assert "1,279 filled\n" in said("refresh")


def test_before_the_first_such_revision_there_is_nothing_to_fill(at):
    settings = at(STEP.before)
    assert refresh.states(settings) == list(refresh.refresh(settings)) == []
    assert "No revision up to 0005_seed_focus_groups" in CliRunner().invoke(main, ["refresh"]).output


def test_a_model_that_dies_leaves_the_table_as_it_was(changed, monkeypatch, connection):
    def dies(self, some):
        raise ai.ModelError("The model is gone.")

    before = xray.snapshot(connection).fingerprint
    monkeypatch.setattr(local.Local, "compute", dies)
    with pytest.raises(ai.ModelError, match="The model is gone"):
        list(refresh.refresh(changed))
    assert xray.snapshot(connection).fingerprint == before


def test_what_another_model_filled_is_not_mixed(changed, run, connection):
    run("UPDATE review_embeddings SET provider = 'azure', model = 'small'")
    before = xray.snapshot(connection).fingerprint
    with pytest.raises(refresh.RefreshError, match=r"filled by small \(azure\), and AI_PROVIDER now means all-MiniLM"):
        for _ in refresh.refresh(changed):
            before = xray.snapshot(connection).fingerprint
    assert xray.snapshot(connection).fingerprint == before


def test_a_table_that_is_gone_is_a_sentence(changed, run):
    run("DROP TABLE review_embeddings")
    assert 'relation "review_embeddings" does not exist (workshop check)' in CliRunner().invoke(main, ["status"]).output
    with pytest.raises(refresh.RefreshError, match='relation "review_embeddings" does not exist'):
        list(refresh.refresh(changed))


def test_in_the_database_only_what_is_missing_is_asked_for(settings, monkeypatch):
    with azure_double.standing(STEP.name, settings) as double:
        for name, value in azure_double.SETTINGS.items():
            monkeypatch.setenv(name, value)
        steps.upgrade(double.settings, STEP.name)
        before = azure_double.attempts(double.settings)
        with database.connect(double.settings) as connection, connection.begin():
            connection.execute(sa.text("UPDATE reviews SET title = NULL, body = 'It broke.' WHERE id = 1"))
        azure_double.teach(double.settings, ["It broke."])
        assert state(double.settings)["review_embeddings"] == (0, 1)
        list(refresh.refresh(double.settings))
        assert state(double.settings)["review_embeddings"] == (0, 0)
        assert azure_double.attempts(double.settings) == before + 1


# -- read from the revisions -------------------------------------------------------------------------------------------


def test_what_is_read_on_paper_is_what_an_upgrade_runs(at, monkeypatch):
    settings, ran, begin = at(STEP.before), [], batches.begin
    monkeypatch.setattr(batches, "begin", lambda op, one: ran.append((one.table, one.source)) or begin(op, one))
    steps.upgrade(settings)
    assert ran == [(one.table, one.source) for one in fillings.applied(chain.steps()[-1].name)]
    assert len(ran) >= 2


def test_drafts_count_for_the_steps_that_they_stand_on(at):
    head = chain.steps()[-1].name
    settings = at(head)
    scratch.write(
        "scratch_nothing",
        f'revision = "scratch_nothing"\ndown_revision = "{head}"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n',
    )
    beside.upgrade(settings)
    assert steps.current(settings) == "scratch_nothing"
    assert [one.table for one in refresh.states(settings)] == [one.table for one in fillings.applied(head)]


def test_sentiments_are_refreshed_with_their_mentions(at, run):
    step = chain.find("0012_score_sentiment")
    settings = at(step.name)
    run("UPDATE reviews SET title = NULL, body = 'It is a thing.' WHERE id IN (1, 2, 3)")
    assert state(settings)["review_sentiments"] == (0, 3)
    list(refresh.refresh(settings))
    assert state(settings)["review_sentiments"] == (0, 0)
    assert run("SELECT count(*) FROM review_mentions WHERE review_id IN (1, 2, 3)") == [(0,)]
    with database.connect(settings) as connection:
        report = checks.run(step, connection)
    assert report.kept, str(report)
