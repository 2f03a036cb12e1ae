"""The parts of the texts that are made from the code, and the check that they are not out of date.

A generated part stands between two comments. The first carries the hash of what the part was made from, so that
`make check` can tell a stale one in no time and without a server:

    <!-- generated: steps from sha256:0123456789ab; write anew with `make texts` -->
    ...
    <!-- end of generated: steps -->
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shop.errors import ExplainedError
from shop.settings import ROOT
from workshop import chain, export, figures, labs, timings
from workshop.timings import minutes

MARKED = re.compile(
    r"<!-- generated: (?P<part>[\w-]+) from sha256:(?P<hash>\w*)[^>]*-->\n(?P<text>.*?)"
    r"<!-- end of generated: (?P=part) -->",
    re.DOTALL,
)


@dataclass(frozen=True)
class Part:
    """A generated part: what it is made from (bytes) and how its text is made."""

    source: Callable[[], bytes]
    text: Callable[[], str]


def steps_source() -> bytes:
    return json.dumps([(step.name, step.title, minutes(step.notebook)) for step in chain.steps()]).encode()


def steps_table() -> str:
    """The table of steps: name, title, minutes, links."""
    lines = ["| step | what you meet | minutes | |", "|---|---|---|---|"]
    for step in chain.steps():
        notebook, page = (path.relative_to(ROOT).as_posix() for path in (step.notebook, step.page))
        revision = step.revision.relative_to(ROOT).as_posix()
        links = f"[notebook]({notebook}), [page]({page}), [revision]({revision})"
        lines.append(f"| `{step.name}` | {step.title} | {minutes(step.notebook)} | {links} |")
    return "\n".join(lines) + "\n"


def labs_source() -> bytes:
    return json.dumps([(name, labs.title(name), minutes(chain.notebook(name))) for name in chain.LABS]).encode()


def labs_table() -> str:
    """The table of labs: name, minutes, exercises, links."""
    lines = ["| lab | exercises | minutes | |", "|---|--:|--:|---|"]
    for name in chain.LABS:
        links = f"[notebook](notebooks/{name}.ipynb), [page](docs/labs/{name}.md)"
        title = labs.title(name).removeprefix("Lab: ").capitalize()
        lines.append(f"| {title} | {len(labs.exercises(name))} | {minutes(chain.notebook(name))} | {links} |")
    return "\n".join(lines) + "\n"


def export_source() -> bytes:
    digest = hashlib.sha256()
    for path in export.files():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def export_files() -> str:
    """The files of the export: rows given, to be mended, to be refused."""
    fates = Counter((d["file"], d["fate"]) for d in export.rows("defects.csv"))
    lines = ["| file | rows given | accepted | of these mended | refused |", "|---|--:|--:|--:|--:|"]
    for name, given in export.given().items():
        refused = fates[name, "refused"]
        lines.append(f"| `{name}` | {given:,} | {given - refused:,} | {fates[name, 'mended']} | {refused} |")
    return "\n".join(lines) + "\n"


def export_defects() -> str:
    """Every planted defect with its count and what becomes of it."""
    lines = ["| file | defect | rows | what becomes of it |", "|---|---|--:|---|"]
    for (name, defect, fate), count in sorted(export.defects().items()):
        lines.append(f"| `{name}` | {defect} | {count} | {fate} |")
    return "\n".join(lines) + "\n"


def export_reviews() -> str:
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


def gold_table() -> str:
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


FIGURES = ROOT / "docs" / "figures" / "bench.json"


def bench_source(names: Sequence[str]) -> bytes:
    return json.dumps(_benches(names)).encode()


def bench_table(names: Sequence[str]) -> str:
    """The figures of the last `make bench`, what was wanted of them, on what machine; all when no part is named."""
    lines = ["| what | measured | wanted | |", "|---|--:|--:|---|"]
    found = _benches(names)
    for one in (line for bench in found.values() for line in bench["lines"]):
        wanted = one["wanted"] + ("" if one["holds"] else ", **not reached**")
        lines.append(f"| {one['what']} | {one['measured']} | {wanted} | {one.get('said', '')} |")
    around = [bench["measured"] for bench in found.values()]
    days = sorted({one["on"] for one in around})
    machines = sorted({f"{one['processor']}, {one['cores']} cores" for one in around})
    loads = [one["load_before"] for one in around if one["load_before"] is not None]
    said = f"Measured on {' to '.join(dict.fromkeys((days[0], days[-1])))}, {'; '.join(machines)}"
    said += f"; load before it {' to '.join(dict.fromkeys((str(min(loads)), str(max(loads)))))}" if loads else ""
    return "\n".join([*lines, "", f"{said}."]) + "\n"


def _benches(names: Sequence[str]) -> dict[str, Any]:
    kept = json.loads(FIGURES.read_text(encoding="utf-8"))
    return {name: bench for name, bench in kept.items() if not names or name in names}


def training_table() -> str:
    """The training texts, counted by file."""
    lines = ["| file | texts | mentions | positive | negative | neutral | texts without |", f"|---{'|--:' * 6}|"]
    for name in ("shop_reviews.jsonl", "other_reviews.jsonl"):
        texts = export.training(name)
        told = Counter(sentiment for text in texts for _, sentiment, _ in text["mentions"])
        without = sum(not text["mentions"] for text in texts)
        by_sentiment = " | ".join(str(told[one]) for one in ("positive", "negative", "neutral"))
        lines.append(f"| `{name}` | {len(texts)} | {told.total():,} | {by_sentiment} | {without} |")
    return "\n".join(lines) + "\n"


PARTS = {
    "steps": Part(steps_source, steps_table),
    "labs": Part(labs_source, labs_table),
    "export-files": Part(export_source, export_files),
    "export-defects": Part(export_source, export_defects),
    "export-reviews": Part(export_source, export_reviews),
    "gold": Part(export_source, gold_table),
    "training": Part(export_source, training_table),
    "figures-search": Part(figures.source, figures.search_table),
    "figures-fusion": Part(figures.source, figures.fusion_text),
    "figures-reader": Part(figures.source, figures.reader_tables),
    "timings": Part(timings.source, timings.table),
    "bench": Part(lambda: bench_source([]), lambda: bench_table([])),
    "bench-nearest": Part(lambda: bench_source(["nearest"]), lambda: bench_table(["nearest"])),
}
PAGES = [
    "README.md",
    "backend/README.md",
    "data/README.md",
    "docs/guides/instructors.md",
    "docs/labs/lab_vector_laboratory.md",
    "docs/reference/figures.md",
    "docs/steps/0012_score_sentiment.md",
]


def stale(page: Path) -> list[str]:
    """Return the names of the parts of a page that were made from something else than what is there now."""
    return [
        found["part"]
        for found in MARKED.finditer(page.read_text(encoding="utf-8"))
        if found["hash"] != _digest(found["part"], found["text"])
    ]


def write(page: Path) -> None:
    """Write the generated parts of a page anew."""

    def anew(found: re.Match[str]) -> str:
        part = found["part"]
        text = PARTS[part].text()
        return (
            f"<!-- generated: {part} from sha256:{_digest(part, text)}; write anew with `make texts` -->\n"
            f"{text}<!-- end of generated: {part} -->"
        )

    page.write_text(MARKED.sub(anew, page.read_text(encoding="utf-8")), encoding="utf-8")


def _digest(part: str, text: str) -> str:
    # The text itself is in the hash, so that an edit by hand shows as well.
    return hashlib.sha256(PARTS[part].source() + text.encode()).hexdigest()[:12]


def main() -> None:
    pages = [ROOT / name for name in PAGES]
    if "--check" not in sys.argv:
        for page in pages:
            write(page)
        return
    bad = [f"{page.relative_to(ROOT)}: {part}" for page in pages for part in stale(page)]
    if bad:
        sys.exit("Out of date: " + ", ".join(bad) + ". Run `make texts`.")
    if figures.out_of_date():
        sys.exit("Out of date: the data or the search changed after the figures were measured. Run `make eval texts`.")


if __name__ == "__main__":
    try:
        main()
    except ExplainedError as error:
        sys.exit(str(error))
