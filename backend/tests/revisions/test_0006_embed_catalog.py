"""0006_embed_catalog: a vector for every passage and review, whole or not at all, and none of it left behind."""

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import time

import pytest

from shop import ai
from shop.ai import local, weights
from shop.operations import batches
from workshop import chain, fillings, steps

TEXTS = "SELECT (SELECT count(*) FROM product_passages) + (SELECT count(*) FROM review_embeddings)"


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """The texts that the model is asked for, with a cache that begins empty; the vectors mean nothing."""
    texts = []

    def compute(self, some):
        texts.extend(some)
        return local.np.tile(local.np.eye(1, 384, dtype="f4"), (len(some), 1))

    monkeypatch.setattr(local.Local, "compute", compute)
    monkeypatch.setattr(local.Cache, "usual", classmethod(lambda cls: cls(tmp_path / "vectors.sqlite")))
    return texts


def test_what_it_makes(revision):
    seen = revision.up()
    assert seen.count("table") == 2 and seen.count("extension") == 1
    products, reviews = (
        revision.run("SELECT count(*) FROM products")[0][0],
        revision.run("SELECT count(*) FROM reviews")[0][0],
    )
    assert seen.rows("review_embeddings") == reviews
    assert products < seen.rows("product_passages") < 4 * products


def test_the_time_of_the_run_is_no_part_of_the_fingerprint(revision, asked):
    revision.up()
    before = revision.look().fingerprint
    revision.run("UPDATE review_embeddings SET computed_at = computed_at - interval '1 day'")
    assert revision.look().fingerprint == before
    revision.run("UPDATE review_embeddings SET model = 'another' WHERE review_id = 1")
    assert revision.look().fingerprint != before


def test_an_extension_of_the_administrators_stays(revision, asked):
    revision.run("CREATE EXTENSION vector")
    before = revision.look().fingerprint
    revision.up()
    revision.down()
    assert revision.look().fingerprint == before


def test_somebodys_vectors_keep_the_extension_and_are_named(revision, asked):
    revision.up()
    revision.run("CREATE TABLE mine (e vector(3))")
    full = revision.look().fingerprint
    with pytest.raises(steps.StepError, match=r"(?s)Something of somebody's own.*mine"):
        revision.down()
    assert revision.look().fingerprint == full


def test_no_passage_is_longer_than_the_model_reads_and_no_word_is_lost(revision, asked):
    revision.run("UPDATE products SET description = repeat('on and on ', 2000) WHERE id = 1")
    revision.run("UPDATE products SET description = '...' || repeat('x', 3000) WHERE id = 2")
    revision.run("UPDATE products SET description = '!?', specifications = '{}', in_the_box = '{}' WHERE id = 3")
    revision.up()
    assert revision.run("SELECT max(length(text)) FROM product_passages")[0][0] < 1200
    parts = revision.run("SELECT text FROM product_passages WHERE product_id = 1 ORDER BY position")
    assert sum(len(re.findall(r"on and on", text)) for (text,) in parts) > 1900
    for key, (name, description) in enumerate(
        revision.run("SELECT name, description FROM products WHERE id > 3 ORDER BY id"), 4
    ):
        texts = revision.run("SELECT text FROM product_passages WHERE product_id = :id ORDER BY position", id=key)
        words = " ".join(text for (text,) in texts).split()
        assert set(description.split()) <= set(words), name


def test_a_deleted_product_takes_its_passages_along(revision, asked):
    revision.up()
    revision.run("DELETE FROM review_embeddings; DELETE FROM reviews WHERE id = 1")
    assert revision.run("SELECT count(*) FROM review_embeddings WHERE review_id = 1") == [(0,)]


def test_broken_off_at_700_the_rest_is_computed_and_the_database_is_as_before(revision, asked, monkeypatch):
    real, given = local.Local.compute, []

    def dies(self, some):
        if len(given) + len(some) > 700:
            raise ai.ModelError("The model is gone.")
        given.extend(some)
        return real(self, some)

    with monkeypatch.context() as broken:
        broken.setattr(local.Local, "compute", dies)
        with pytest.raises(steps.StepError, match="The model is gone"):
            revision.up()
    assert revision.leaves_no_trace()
    assert 700 - batches.BATCH <= len(given) <= 700
    asked.clear()
    revision.up()
    [(everything,)] = revision.run(TEXTS)
    assert everything > 1400
    assert len(asked) <= everything - 700 + batches.BATCH
    revision.down()
    asked.clear()
    revision.up()
    assert asked == []


@pytest.fixture
def own_models(monkeypatch, tmp_path):
    """A folder with the model itself, and with a cache that begins empty."""
    shutil.copytree(weights.folder() / weights.MODEL, tmp_path / weights.MODEL, copy_function=os.link)
    monkeypatch.setenv("SHOP_MODELS", str(tmp_path))
    return tmp_path


def computed(folder):
    """How many texts the model has read since the cache began: every one that it reads gets a number there."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(sqlite3.connect(folder / "vectors.sqlite")) as file:
        return file.execute("SELECT max(seq) FROM sqlite_sequence").fetchone()[0] or 0
    return 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.unlink(), r"is not in .*: `make weights` fetches the model"),
        (lambda file: file.write_bytes(file.read_bytes()[:1000]), "were cut short"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1] + b"\1"), "are not the published ones"),
    ],
)
def test_weights_in_a_bad_state_are_one_sentence_and_nothing_is_half_filled(revision, own_models, spoil, said):
    file = own_models / weights.MODEL / "model.safetensors"
    linked = file.rename(file.with_suffix(".linked"))
    shutil.copyfile(linked, file)  # what the link leads to stays as it is
    spoil(file)
    with pytest.raises(steps.StepError, match=said):
        revision.up()
    assert revision.leaves_no_trace()


@pytest.mark.slow
def test_killed_at_700_by_the_real_model(revision, own_models, alembic):
    """As above, but with the model itself, and the process killed from outside; about half a minute."""
    run = alembic("upgrade", "0006")
    while run.poll() is None and computed(own_models) < 700:
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    revision.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'alembic'")
    kept = computed(own_models)
    assert 700 <= kept < 1400
    assert revision.leaves_no_trace() and steps.current(revision.settings) == revision.step.before
    again = alembic("upgrade", "0006")
    said = again.communicate(timeout=300)[1]
    assert again.returncode == 0, said
    [(everything,)] = revision.run(TEXTS)
    assert 0 < computed(own_models) - kept <= everything - 700 + batches.BATCH


@pytest.mark.slow
def test_down_to_0005_and_up_again_is_the_same_in_a_tenth_of_the_time(revision, own_models):
    """All steps up to head; the steps in which a model fills a table are timed. About a minute."""

    def climb():
        seconds = 0.0
        for step in chain.steps()[chain.steps().index(revision.step) :]:
            began = time.monotonic()
            steps.upgrade(revision.settings, step.name)
            seconds += (time.monotonic() - began) * bool(fillings.of(step))
        return seconds, revision.look().fingerprint

    first, there = climb()
    steps.downgrade(revision.settings, revision.step.before)
    assert revision.leaves_no_trace()
    second, again = climb()
    assert again == there
    assert second <= first / 10, f"{first:.1f} s the first time, {second:.1f} s the second"


def test_the_script_of_sql_says_why_there_are_no_vectors(revision, capsys):
    from alembic import command

    command.upgrade(chain.alembic_config(), "0005:0006", sql=True)
    script = capsys.readouterr().out
    assert "-- op.embed('review_embeddings'): left out. The local model runs in Python" in script
    assert "pg_temp.create_extension('vector'" in script
