"""What stands in data/README.md: the export, its defects, the labels and the training texts, counted."""

from __future__ import annotations

import hashlib
from collections import Counter

from workshop import export


def source() -> bytes:
    digest = hashlib.sha256()
    for path in export.files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def files() -> str:
    """The files of the export: rows given, to be mended, to be refused."""
    fates = Counter((d["file"], d["fate"]) for d in export.rows("defects.csv"))
    lines = ["| file | rows given | accepted | of these mended | refused |", "|---|--:|--:|--:|--:|"]
    for name, given in export.given().items():
        refused = fates[name, "refused"]
        lines.append(f"| `{name}` | {given:,} | {given - refused:,} | {fates[name, 'mended']} | {refused} |")
    return "\n".join(lines) + "\n"


def defects() -> str:
    """Every planted defect with its count and what becomes of it."""
    lines = ["| file | defect | rows | what becomes of it |", "|---|---|--:|---|"]
    for (name, defect, fate), count in sorted(export.defects().items()):
        lines.append(f"| `{name}` | {defect} | {count} | {fate} |")
    return "\n".join(lines) + "\n"


def reviews() -> str:
    """Distributions of the accepted reviews: stars, length, first words."""
    reviews = export.accepted("reviews")
    texts = [export.words(row["body"]) for row in reviews]
    lines = ["| stars | reviews | share |", "|---|--:|--:|"]
    stars = Counter(row["rating"].strip() for row in reviews)
    lines += [f"| {n} | {stars[str(n)]} | {stars[str(n)] / len(reviews):.0%} |" for n in (5, 4, 3, 2, 1)]
    lines += ["", "| words | reviews | share |", "|---|--:|--:|"]
    spread = export.lengths(texts)
    for name in sorted(spread, key=lambda one: int(one.split()[0])):
        lines.append(f"| {name} | {spread[name]} | {spread[name] / len(texts):.0%} |")
    first = Counter(text[0] for text in texts).most_common(12)
    lines += ["", "| first word | reviews |", "|---|--:|"] + [f"| {word} | {count} |" for word, count in first]
    opening, times = Counter(tuple(text[:4]) for text in texts).most_common(1)[0]
    masked = [export.content_words(text, export.names()) for text in texts]
    lines += [
        "",
        f"{export.sharing(texts, 8):.1%} of the reviews share a run of 8 words with another one; with the words of "
        f"names and all numbers masked, {export.sharing(masked, 5):.1%} share a run of 5 content words. The most "
        f'frequent opening of 4 words ("{" ".join(opening)} ...") occurs {times} time(s).',
    ]
    return "\n".join(lines) + "\n"


def gold() -> str:
    """The gold labels, counted, and how far two readers agree."""
    labels = export.rows("gold/labels.csv")
    mentions = [row for row in labels if row["feature_id"] != "none"]
    sentiments = Counter(row["sentiment"] for row in mentions)
    kinds = Counter(row["kind"] for row in export.rows("gold/queries.csv"))
    seen = export.agreement()
    lines = ["| what | number |", "|---|--:|"]
    lines += [f"| reviews labelled | {len({row['review_id'] for row in labels})} |", f"| labels | {len(mentions):,} |"]
    lines += [f"| of these {name} | {count} |" for name, count in sentiments.most_common()]
    lines += [f"| reviews that speak of no feature | {sum(row['feature_id'] == 'none' for row in labels)} |"]
    lines += [
        f"| reviews labelled twice, independently | {seen['reviews']:.0f} |",
        f"| agreement on which features are spoken of (F1) | {seen['mentions']:.2f} |",
        f"| agreement on the sentiment of those | {seen['sentiment']:.0%} |",
        f"| the same, corrected for chance (Cohen's kappa) | {seen['kappa']:.2f} |",
    ]
    lines += [f"| queries, {name} | {count} |" for name, count in kinds.most_common()]
    return "\n".join(lines) + "\n"


def training() -> str:
    """The training texts, counted by file."""
    lines = ["| file | texts | mentions | positive | negative | neutral | texts without |", f"|---{'|--:' * 6}|"]
    for name in ("shop_reviews.jsonl", "other_reviews.jsonl"):
        texts = export.training(name)
        told = Counter(sentiment for text in texts for _, sentiment, _ in text["mentions"])
        without = sum(not text["mentions"] for text in texts)
        by_sentiment = " | ".join(str(told[one]) for one in ("positive", "negative", "neutral"))
        lines.append(f"| `{name}` | {len(texts)} | {told.total():,} | {by_sentiment} | {without} |")
    return "\n".join(lines) + "\n"
