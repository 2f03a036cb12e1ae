"""What the export, the labels and the training texts are made of, counted from the files, for data/README.md."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from shop.settings import DATA

GOLD = DATA / "gold"
TRAINING = DATA / "training"
COMMON = frozenset(
    "a an the and or but if of to in on at for with from by as is are was were be been being it its i "
    "i'm i've my me we our us you your he she they them his her him this that these those not no so too "
    "very just than then there here what which who how when where all any some one two three do does did "
    "done has have had will would can can't could should about into out up down over under after before "
    "again only also more most much many own same still even now don't didn't doesn't it's that's s t".split()
)


def rows(name: str) -> list[dict[str, str]]:
    """Return the records of a file in data/ that have the right number of fields, as they stand."""
    with (DATA / name).open(encoding="utf-8-sig", newline="") as file:
        return [row for row in csv.DictReader(file) if None not in row and None not in row.values()]


def given() -> dict[str, int]:
    """Return the records of each CSV file of the export, good and bad; the header does not count."""
    counts = {}
    for path in sorted(DATA.glob("*.csv")):
        if path.name != "defects.csv":
            with path.open(encoding="utf-8-sig", newline="") as file:
                counts[path.name] = sum(1 for row in csv.reader(file) if row) - 1
    return counts


def defects() -> Counter[tuple[str, str, str]]:
    """Return how often each planted defect occurs: (file, defect, what becomes of it)."""
    return Counter(
        (d["file"], d["defect"], f"refused: {_general(d['outcome'])}" if d["fate"] == "refused" else "mended")
        for d in rows("defects.csv")
    )


def _general(reason: str) -> str:
    """Leave out the numbers and keys of a reason, so that equal reasons count together."""
    reason = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "...", reason)
    return re.sub(r"(?<=line )\d+|(?<=_id )\d+", "...", reason)


def accepted(table: str) -> list[dict[str, str]]:
    """Return the records of a file that defects.csv does not call beyond repair."""
    refused = {d["line"] for d in rows("defects.csv") if (d["file"], d["fate"]) == (f"{table}.csv", "refused")}
    with (DATA / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header, begin, found = next(reader), reader.line_num + 1, []
        for row in reader:
            if str(begin) not in refused:
                found.append(dict(zip(header, row, strict=True)))
            begin = reader.line_num + 1
    return found


def words(text: str) -> list[str]:
    """Return the words of a text in small letters, markup left out."""
    plain = re.sub(r"<[^>]+>", " ", text).replace("&#39;", "'").replace("&amp;", "&").replace("&nbsp;", " ")
    return re.findall(r"[a-z0-9']+", plain.lower())


def sharing(texts: list[list[str]], length: int) -> float:
    """Return the share of texts, 0 to 1, that have a run of `length` words in common with another one."""
    places: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for number, text in enumerate(texts):
        for start in range(len(text) - length + 1):
            places[tuple(text[start : start + length])].add(number)
    together = {number for found in places.values() if len(found) > 1 for number in found}
    return len(together) / len(texts)


def content_words(text: list[str], masked: frozenset[str]) -> list[str]:
    """Return the words that carry content: no common words, no numbers, none of the masked ones."""
    return [word for word in text if word not in COMMON and word not in masked and not word[0].isdigit()]


def names() -> frozenset[str]:
    """Return the words of the names of products and features."""
    texts = [f"{row['brand']} {row['name']}" for row in rows("products.csv")]
    return frozenset(word for text in [*texts, *(row["name"] for row in rows("features.csv"))] for word in words(text))


def lengths(texts: list[list[str]]) -> Counter[str]:
    """Return how many texts have 20 to 39 words, 40 to 59, ..."""
    return Counter(f"{len(text) // 20 * 20} to {len(text) // 20 * 20 + 19}" for text in texts)


def agreement() -> dict[str, float]:
    """Compare the two labellers on the reviews that both read.

    Returns:
        reviews: how many; mentions: F1 of the (review, feature) pairs, 0 to 1; sentiment: share of equal sentiments on
        the shared pairs; kappa: Cohen's kappa of those.
    """
    second = _labels("second.csv")
    read = {row["review_id"] for row in rows("gold/second.csv")}
    first = {pair: value for pair, value in _labels("labels.csv").items() if pair[0] in read}
    shared = first.keys() & second.keys()
    same = sum(first[pair] == second[pair] for pair in shared) / len(shared)
    one, two = Counter(first[pair] for pair in shared), Counter(second[pair] for pair in shared)
    chance = sum(one[value] * two[value] for value in one) / len(shared) ** 2
    return {
        "reviews": len(read),
        "mentions": 2 * len(shared) / (len(first) + len(second)),
        "sentiment": same,
        "kappa": (same - chance) / (1 - chance),
    }


def _labels(name: str) -> dict[tuple[str, str], str]:
    found = rows(f"gold/{name}")
    return {(row["review_id"], row["feature_id"]): row["sentiment"] for row in found if row["feature_id"] != "none"}


def training(name: str) -> list[dict[str, Any]]:
    """Return the training texts of a file: list, text, mentions (feature, sentiment, words)."""
    return [json.loads(line) for line in (TRAINING / name).read_text(encoding="utf-8").splitlines()]


def feature_lists() -> dict[str, dict[str, str]]:
    """Return the lists of features that training texts are labelled with beside the catalog's: name to description."""
    lists: dict[str, dict[str, str]] = json.loads((TRAINING / "features.json").read_text(encoding="utf-8"))
    return lists


def files() -> list[Path]:
    """Return every file under data/ that the figures are counted from."""
    counted = (".csv", ".json", ".jsonl", ".md", ".svg")
    return sorted(path for path in DATA.rglob("*") if path.suffix in counted and path.name != "README.md")
