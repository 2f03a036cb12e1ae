"""What the reader learns from: the shop's reviews with the gold labels, and the training texts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa

from shop import database
from shop.ai.reader import Listed
from workshop import checkpoints, export, server, steps

STEP = "0003_seed_catalog"
NAME = "workshop_train"
SHOP = "shop"  # the list of the catalog's own features
FOLDS = 5
KEPT_OUT = 0  # the fold whose products the shipped reader has not learned from

REVIEWS = "SELECT id, product_id, concat_ws(E'\\n', title, body) AS text FROM reviews ORDER BY id"
FEATURES = "SELECT id, concat_ws(': ', name, description) AS text FROM features ORDER BY id"
LISTED = """
    SELECT p.id, f.feature_id, bool_or(f.product_id = p.id) AS own, bool_or(f.product_id <> p.id) AS kin
    FROM products p JOIN products kindred USING (category) JOIN product_features f ON f.product_id = kindred.id
    GROUP BY p.id, f.feature_id
"""


@dataclass(frozen=True)
class Said:
    """A label: the sentiment, and the exact words."""

    sentiment: str
    words: str


@dataclass(frozen=True)
class Text:
    """A text with its labels.

    list: the name of the list of features that it is labelled with; said: by place in that list, from 0. What follows
    is known of the shop's own reviews only.
    """

    text: str
    list: str = SHOP
    said: Mapping[int, Said] = field(default_factory=dict)
    review_id: int | None = None
    product_id: int | None = None
    listed: Listed | None = None


@dataclass(frozen=True)
class Corpus:
    """reviews and others: what is learned from; features: "Name: description" by list; keys: the ids of SHOP's;
    folds: the fold of each product."""

    reviews: Sequence[Text]
    others: Sequence[Text]
    features: Mapping[str, Sequence[str]]
    keys: Sequence[int]
    folds: Mapping[int, int]

    def sample(self, size: int) -> Corpus:
        """Return a corpus of so many reviews and others, to try out whether the training runs at all."""
        draw = random.Random(0).sample
        few = [draw(list(texts), min(size, len(texts))) for texts in (self.reviews, self.others)]
        return replace(self, reviews=few[0], others=few[1])


def load() -> Corpus:
    """Read everything; the reviews as the revisions clean them, on a database of its own."""
    settings = server.ensure()
    place = replace(settings, database_url=settings.database_url.set(database=NAME))
    checkpoints.replace(place, checkpoints.ensure(settings, STEP, steps.upgrade))
    try:
        with database.connect(place) as connection:
            return read(connection)
    finally:
        checkpoints.drop(place)


def read(connection: sa.Connection) -> Corpus:
    """Read everything; the reviews and features from a database at STEP or later."""
    found = connection.execute(sa.text(FEATURES)).all()
    keys = [row.id for row in found]
    features = {SHOP: [row.text for row in found]} | {
        name: [f"{feature}: {description}" for feature, description in one.items()]
        for name, one in export.feature_lists().items()
    }
    labels, listed = gold(keys), _listed(connection, keys)
    reviews = [
        Text(row.text, SHOP, labels[row.id], row.id, row.product_id, listed.get(row.product_id, Listed()))
        for row in connection.execute(sa.text(REVIEWS))
        if row.id in labels
    ]
    return Corpus(reviews, others(features), features, keys, folds(one.product_id for one in reviews))


def gold(keys: Sequence[int]) -> dict[int, dict[int, Said]]:
    """Return the gold labels by review, then by place in the list of features that these are the ids of."""
    places = {key: place for place, key in enumerate(keys)}
    labels: dict[int, dict[int, Said]] = defaultdict(dict)
    for row in export.rows("gold/labels.csv"):
        said = labels[int(row["review_id"])]
        if row["feature_id"] != "none":
            said[places[int(row["feature_id"])]] = Said(row["sentiment"], row["words"])
    return dict(labels)


def others(features: Mapping[str, Sequence[str]]) -> list[Text]:
    """Return the training texts."""
    places = {
        name: {text.split(": ")[0]: place for place, text in enumerate(texts)} for name, texts in features.items()
    }
    return [
        Text(
            one["text"],
            one["list"],
            {places[one["list"]][name]: Said(sentiment, words) for name, sentiment, words in one["mentions"]},
        )
        for file in ("shop_reviews.jsonl", "other_reviews.jsonl")
        for one in export.training(file)
    ]


def _listed(connection: sa.Connection, keys: Sequence[int]) -> dict[int, Listed]:
    """Return what the catalog lists, by product."""
    places = {key: place for place, key in enumerate(keys)}
    own, kin = defaultdict(set), defaultdict(set)
    for row in connection.execute(sa.text(LISTED)):
        if row.own:
            own[row.id].add(places[row.feature_id])
        if row.kin:
            kin[row.id].add(places[row.feature_id])
    return {key: Listed(frozenset(own[key]), frozenset(kin[key])) for key in own.keys() | kin.keys()}


def folds(products: Iterable[int]) -> dict[int, int]:
    """Return the fold of each product, 0 to FOLDS - 1: all reviews of a product are in one fold."""
    shuffled = sorted(set(products))
    random.Random(3).shuffle(shuffled)
    return {product: place % FOLDS for place, product in enumerate(shuffled)}


def tokens_of(words: str, text: str, offsets: Sequence[tuple[int, int]]) -> list[int]:
    """Return the places of the tokens that hold some of the words where these first stand in the text.

    Args:
        offsets: where each token begins and ends in the text; tokens of no length (the marks of beginning and end)
            hold nothing.
    """
    begin = text.find(words)
    end = begin + len(words)
    if begin < 0:
        return []
    return [n for n, (first, last) in enumerate(offsets) if first < last and first < end and begin < last]
