"""What surrounds the training, and, where torch is there, that what learns computes what the reader computes."""

import io
import random
import tarfile
from collections import Counter

import numpy as np
import pytest

from evaluation import reviews as evaluated
from shop import database
from shop.ai import convert, reader, weights
from shop.ai.encoder import Encoder
from shop.ai.reader import Learned, Listed
from training import answers, arrays, sentences, texts
from training.answers import Answer
from training.texts import Said, Text
from workshop import export

# -- texts and folds -----------------------------------------------------------------------------------------------------


def test_the_products_that_the_shipped_reader_has_not_learned_from_are_those_that_the_pages_name():
    products = {int(row["product_id"]) for row in export.accepted("reviews")}
    folds = texts.folds(products)
    kept_out = sorted(product for product, fold in folds.items() if fold == texts.KEPT_OUT)
    assert kept_out == [1, 15, 19, 22, 24, 27, 31, 32, 37, 47, 51, 52, 58, 66]
    assert sorted(Counter(folds.values())) == [0, 1, 2, 3, 4] and len(folds) == 66


def test_the_folds_do_not_depend_on_the_order_of_the_reviews():
    products = [5, 3, 3, 9, 1, 7, 5]
    assert texts.folds(products) == texts.folds(sorted(products, reverse=True))


def test_a_label_points_to_the_tokens_that_hold_its_words():
    text, offsets = "Good sound.", [(0, 0), (0, 4), (5, 8), (8, 10), (10, 11), (0, 0)]
    assert texts.tokens_of("sound", text, offsets) == [2, 3]
    assert texts.tokens_of("d s", text, offsets) == [1, 2]
    assert texts.tokens_of("Bad", text, offsets) == []


def test_the_corpus_holds_every_review_with_its_labels_and_what_the_catalog_lists(at):
    with database.connect(at(texts.STEP)) as connection:
        corpus = texts.read(connection)
    assert len(corpus.reviews) == 1278 and len(corpus.keys) == len(corpus.features[texts.SHOP]) == 56
    for one in corpus.reviews:
        assert all(said.words in one.text for said in one.said.values()), one.review_id
        assert one.listed.own
    first = next(one for one in corpus.reviews if one.review_id == 1)
    assert first.said[corpus.keys.index(6)] == Said("negative", "It distorts from about three quarters up.")
    for one in corpus.others:
        assert one.product_id is one.listed is None
        assert all(place < len(corpus.features[one.list]) for place in one.said)
    few = corpus.sample(5)
    assert (len(few.reviews), len(few.others), few.folds) == (5, 5, corpus.folds)


# -- sentences -----------------------------------------------------------------------------------------------------------


def test_rated_sentences():
    found = sentences.parse("1\t2.5\tGood.\n2\t-0.5\tBad.\n3\t0.4\tIt is.\n4\t1.0\t \n5\t1\n")
    assert found == [("Good.", "positive"), ("Bad.", "negative"), ("It is.", "neutral")]


def archive(**files):
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.replace("__", "/"))
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return target.getvalue()


def test_sentences_are_read_out_of_the_package(tmp_path):
    inner = archive(**{f"hutto_ICWSM_2014__{file}": f"1\t1.0\tOf {file}".encode() for file in sentences.FILES})
    package = tmp_path / "package.tar.gz"
    package.write_bytes(archive(**{f"package__{sentences.INSIDE.replace('/', '__')}": inner}))
    assert [one.text for one in sentences.read(package)] == [f"Of {file}" for file in sentences.FILES]
    assert sentences.fetch(tmp_path) == package  # it lies there already


@pytest.mark.parametrize("data", [b"no archive", archive(other=b"")], ids=["no archive", "another archive"])
def test_another_package_is_an_error(tmp_path, data):
    package = tmp_path / "package.tar.gz"
    package.write_bytes(data)
    with pytest.raises(sentences.SentencesError, match=r"package\.tar\.gz holds no .*: delete it"):
        sentences.read(package)


# -- answers -------------------------------------------------------------------------------------------------------------


def one_answer(review_id, said, labels):
    how = np.tile(np.float32([0.1, 0.7, 0.2]), (len(said), 1))  # positive, whatever it is asked
    return Answer(Text("", said=labels, review_id=review_id), np.float32(said), how)


def test_the_threshold_is_that_of_the_best_f1():
    label = {0: Said("positive", "")}
    assert 0.4 <= answers.best_threshold([one_answer(1, [0.7, 0.4], label), one_answer(2, [0.6, 0.2], label)]) < 0.6


def test_a_model_that_is_surer_than_it_is_right_is_cooled():
    # it gives "positive" seven parts of ten, and is right half of the time
    answered = [one_answer(n, [0.9], {0: Said(said, "")}) for n, said in enumerate(["positive", "negative", "neutral"])]
    assert answers.best_cooling(answered) > 2
    assert answers.best_cooling(answered[:1]) == 1


def test_a_fold_has_no_say_in_its_own_threshold():
    label = {0: Said("positive", "")}
    by_fold = {0: [one_answer(1, [0.9, 0.7], label)], 1: [one_answer(2, [0.5, 0.2], label)]}
    limits = answers.of_the_others(by_fold, answers.best_threshold)
    assert 0.69 < limits[1] < 0.9 and 0.19 < limits[0] < 0.5


def test_the_answers_are_written_as_the_evaluation_reads_them(tmp_path):
    label = {0: Said("negative", "")}
    by_fold = {
        0: [one_answer(3, [0.9, 0.5], label), one_answer(1, [0.05, 0.05], {})],
        1: [one_answer(2, [0.5, 0.2], label)],
    }
    mentions, sentiments = tmp_path / "mentions.csv", tmp_path / "sentiments.csv"
    answers.write(by_fold, [17, 4], mentions, sentiments)
    assert evaluated.read(mentions) == [(1, None, ""), (2, None, ""), (3, 4, "positive"), (3, 17, "positive")]
    assert evaluated.read(sentiments) == [(2, 17, "positive"), (3, 17, "positive")]
    assert mentions.read_text().startswith("review_id,feature_id,sentiment\n")


# -- the file ------------------------------------------------------------------------------------------------------------


def test_what_is_packed_comes_back_to_within_half_a_step(tmp_path):
    draw = np.random.default_rng(0)
    changes = {"encoder.layer.2.a.weight": draw.normal(size=(5, 7)), "encoder.layer.2.a.bias": draw.normal(size=7)}
    changes = {name: array.astype(np.float32) for name, array in changes.items()}
    changes["unchanged"] = np.zeros((2, 3), np.float32)
    head = {"question": draw.normal(size=(3, 4)).astype(np.float32), "scale": np.float32(9.7)}
    sha256 = arrays.write(arrays.pack(changes, head, 0.5, 2.3), tmp_path / "reader.npz")
    assert len(sha256) == 64
    with np.load(tmp_path / "reader.npz", allow_pickle=False) as found:
        learned = Learned(dict(found))
    assert learned.changes.keys() == changes.keys()
    for name, array in changes.items():
        step = np.abs(array).max(axis=-1, keepdims=True) / 127
        assert (np.abs(learned.changes[name] - array) <= step / 2 + 1e-7).all(), name
    np.testing.assert_allclose(learned.question, head["question"], rtol=1e-3)
    assert learned.scale == head["scale"] and learned.threshold == 0
    assert learned.cooling == np.float32(2.3)


def test_the_shipped_file_is_of_this_form():
    weights.fetch()
    published = convert.read(weights.require() / "model.safetensors")
    learned = Learned.load()
    assert {name: change.shape for name, change in learned.changes.items()} == {
        name: array.shape for name, array in published.items()
        if name.startswith("encoder.layer.") and int(name.split(".")[2]) >= 2
    }  # fmt: skip


def test_the_hash_is_noted_in_the_module(tmp_path):
    source = tmp_path / "reader.py"
    source.write_text(f'A = 1\nSHA256 = "{"0" * 64}"  # of that file\n')
    arrays.note("ab" * 32, source)
    assert source.read_text() == f'A = 1\nSHA256 = "{"ab" * 32}"  # of that file\n'
    source.write_text("A = 1\n")
    with pytest.raises(arrays.SourceError, match=r"0 lines SHA256"):
        arrays.note("ab" * 32, source)
    assert arrays.HASH.search(reader.LEARNED.with_name("reader.py").read_text())


# -- what learns; only where torch is ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("torch", reason="torch is no part of the workshop; `make train` has it")
    from training import model

    weights.fetch()
    return model


def test_untrained_it_computes_what_the_published_model_computes(model):
    frozen = model.Frozen()
    learner = model.Model(frozen.published).eval()
    given = ["The battery dies at noon.", "Great sound, and more of it than anybody in this house has asked for."]
    states, there = learner.upper(frozen.states([one.ids for one in frozen.tokenizer.encode_batch(given)]))
    found = {}
    Encoder(weights.require).each(given, lambda n, _, numbers: found.update({n: numbers}))
    for n, numbers in found.items():
        np.testing.assert_allclose(states[n][there[n]].detach(), numbers, atol=1e-4)
    assert all(np.abs(change).max() == 0 for change in learner.changes(frozen.published).values())


def test_the_head_computes_what_the_reader_computes(model):
    import torch

    torch.manual_seed(1)
    head = model.Head().eval()
    torch.nn.init.normal_(head.pair2.weight, std=0.1)
    states, wanted = torch.randn(1, 9, model.WIDTH), torch.randn(30, 2 * model.WIDTH)
    listed = Listed(frozenset({1, 2}), frozenset({2, 5}))
    from training.learning import listed_as

    known = listed_as(Text("", listed=listed), 30)[None]
    with torch.no_grad():
        _, said, how = head(states, torch.ones(1, 9, dtype=torch.bool), wanted, known)
    at = float(torch.sigmoid(said.median()))
    learned = Learned(arrays.pack({}, head.arrays(), at))
    question = reader.Question(wanted.numpy(), learned.expected(30, listed))
    sounds = learned.layer("sound", states[0].numpy())
    mentions = reader._mentions(learned, states[0].numpy(), sounds, question, [reader.Clause("", list(range(9)))])
    clear = {n for n in range(30) if abs(said[0, n] - said.median()) > 0.05}
    assert {one.feature for one in mentions} & clear == {n for n in clear if said[0, n] > said.median()}
    assert len(mentions) >= 10
    for one in mentions:
        shares = torch.softmax(how[0, one.feature], -1)
        assert one.score == pytest.approx(float(shares.max()), abs=0.01)


def test_padding_changes_nothing_and_a_few_steps_lower_the_loss(model):
    import torch

    from training import learning

    torch.manual_seed(0)
    frozen = model.Frozen()
    learner = model.Model(frozen.published)
    features = {"shop": ["Sound: how it sounds", "Battery: how long it runs"]}
    given = [
        Text("Great sound.", said={0: Said("positive", "Great sound")}),
        Text("The battery is dead at noon, and at nine on Mondays.", said={1: Said("negative", "dead at noon")}),
        Text("A gift for my aunt."),
    ] * 4
    wanted = {"shop": torch.nn.functional.normalize(torch.randn(2, 2 * model.WIDTH), dim=-1)}
    examples = learning.prepare(given, frozen, features)
    alone = [learning.answer(learner, [one], wanted)[0].said for one in examples[:3]]
    together = [one.said for one in learning.answer(learner, examples[:3], wanted)]
    np.testing.assert_allclose(together, alone, atol=1e-4)
    heard = []
    learning.learn(learner, examples, wanted, 4, heard.append)
    losses = [float(line.split("loss ")[1].split(",")[0]) for line in heard]
    assert len(losses) == 4 and losses[-1] < losses[0]


def test_batches_hold_every_text_once(model):
    from training.learning import in_batches

    batches = in_batches(list(range(103)), lambda n: n, 12, random.Random(0))
    assert sorted(n for batch in batches for n in batch) == list(range(103)) and max(map(len, batches)) == 12
