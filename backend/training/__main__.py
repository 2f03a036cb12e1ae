"""Train the local reader anew, and answer for every labelled review by a model that knows no review of its product.

    make train

Five models learn, each from the reviews of four fifths of the products and from all training texts. Each answers for
the reviews of the last fifth: docs/figures/mentions.csv and docs/figures/sentiments.csv, which `make eval` measures.
The first of the five becomes the shipped reader, shop/ai/reader.npz, and its hash is noted in shop/ai/reader.py.
"""

from __future__ import annotations

import argparse
import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from shop.ai import reader
from shop.ai.local import Local
from shop.settings import ROOT
from training import answers, arrays, learning, sentences, texts
from training.answers import Answer
from training.model import Frozen, Model
from workshop import figures

FETCHED = ROOT / "build" / "training"


def main() -> None:
    """Train; write the answers and the reader."""
    options = _options()
    torch.manual_seed(0)
    corpus, rated = texts.load(), sentences.read(sentences.fetch(FETCHED))
    if options.only:
        corpus, rated = corpus.sample(options.only), rated[:: max(1, len(rated) // options.only)]
    frozen = Frozen()
    warm = Model(frozen.published)
    learning.warm_up(warm, rated, frozen)
    _say(f"warmed up by {len(rated)} sentences")
    by_fold, shipped = _cross_validate(corpus, frozen, warm, options.epochs)
    at, cooling = (
        answers.of_the_others(by_fold, choose)[texts.KEPT_OUT]
        for choose in (answers.best_threshold, answers.best_cooling)
    )
    packed = arrays.pack(shipped.changes(frozen.published), shipped.head.arrays(), at, cooling)
    _write(by_fold, corpus.keys, packed, options.into)


def _cross_validate(
    corpus: texts.Corpus, frozen: Frozen, warm: Model, epochs: int
) -> tuple[dict[int, list[Answer]], Model]:
    """Return the held-out answers by fold, and the model that has not learned from the fold KEPT_OUT."""
    wanted = {name: torch.tensor(_wanted(features)) for name, features in corpus.features.items()}
    reviews = learning.prepare(corpus.reviews, frozen, corpus.features)
    others = learning.prepare(corpus.others, frozen, corpus.features)
    by_fold, models = {}, {}
    for fold in range(texts.FOLDS):
        held = [one for one in reviews if corpus.folds[one.text.product_id] == fold]
        given = [one for one in reviews if corpus.folds[one.text.product_id] != fold]
        _say(f"fold {fold}: {len(given)} reviews and {len(others)} other texts; {len(held)} reviews are held out")
        model = copy.deepcopy(warm)
        learning.learn(model, [*given, *others], wanted, epochs, _say)
        by_fold[fold] = learning.answer(model, held, wanted)
        if fold == texts.KEPT_OUT:
            models[fold] = model
    return by_fold, models[texts.KEPT_OUT]


def _wanted(features: Sequence[str]) -> reader.Array:
    """Return what the reader looks for, (features, 768): the vectors of a description, and of the name alone."""
    names = [feature.split(": ")[0] for feature in features]
    return np.hstack([Local().embed(features), Local().embed(names)])


def _write(by_fold: dict[int, list[Answer]], keys: Sequence[int], packed: arrays.Arrays, into: Path | None) -> None:
    """Write the answers and the reader to their places, or all into one folder."""
    places = (figures.MENTIONS, figures.SENTIMENTS, reader.LEARNED)
    if into:
        into.mkdir(parents=True, exist_ok=True)
        places = tuple(into / place.name for place in places)
    mentions, sentiments, learned = places
    answers.write(by_fold, keys, mentions, sentiments)
    sha256 = arrays.write(packed, learned)
    if not into:
        arrays.note(sha256, Path(reader.__file__))
    _say(f"wrote {', '.join(place.name for place in places)} (sha256 of the last: {sha256})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m training", description="Train the local reader anew.")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--only", type=int, metavar="N", help="so many reviews, texts and sentences, to see it run")
    parser.add_argument("--into", type=Path, metavar="FOLDER", help="write everything there, and not to its place")
    options = parser.parse_args()
    if options.only and not options.into:
        parser.error("--only makes a reader that has learned nothing: say with --into where it should go")
    return options


def _say(what: str) -> None:
    print(what, flush=True)


if __name__ == "__main__":
    main()
