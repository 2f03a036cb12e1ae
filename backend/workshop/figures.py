"""The figures that `make eval` measured, as tables for the pages."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from shop.settings import BACKEND, DATA, ROOT

FOLDER = ROOT / "docs" / "figures"
STORED = FOLDER / "eval.json"
MENTIONS = FOLDER / "mentions.csv"
SENTIMENTS = FOLDER / "sentiments.csv"

MEASURES = ("hit@1", "hit@3", "mrr@10")


def made_from() -> str:
    """Return a hash of everything that the figures follow from: data, judgements, search, evaluation, answers."""
    names = "products features product_features reviews defects gold/queries gold/labels".split()
    paths = [
        *(DATA / f"{name}.csv" for name in names),
        *sorted((BACKEND / "shop" / "search").glob("*.py")),
        *sorted((BACKEND / "evaluation").glob("*.py")),
        *sorted((BACKEND / "alembic" / "versions").glob("000[36]_*.py")),  # what cleans the texts, what embeds them
        *(path for path in (MENTIONS, SENTIMENTS) if path.exists()),
    ]
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def store(measured: Mapping[str, Any]) -> None:
    """Write the figures, rounded to what their intervals can bear."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    STORED.write_text(json.dumps(_rounded(measured), indent=1) + "\n", encoding="utf-8")


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def load() -> dict[str, Any]:
    """Return the stored figures."""
    stored: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return stored


def source() -> bytes:
    """Return what the tables are made from."""
    return STORED.read_bytes()


def out_of_date() -> bool:
    """Tell whether something that the figures follow from was changed after they were measured."""
    return bool(load()["made_from"] != made_from())


def search_table() -> str:
    """Return the ways to search by kind of query: hit@1, hit@3 and MRR@10 with intervals."""
    found = load()["search"]
    rows = []
    for kind, number in found["queries"].items():
        for way, table in found["ways"].items():
            rows.append([f"{kind} ({number})", way, *(_figure(table[kind][name]) for name in MEASURES)])
    return _table(["queries", "search", "hit@1", "hit@3", "MRR@10"], rows)


def fusion_text() -> str:
    """Return how much of the hybrid figure is the choice of its settings."""
    found = load()["search"]
    chosen = {kind: table["hit@3"] for kind, table in found["cross-validated"].items()}
    return (
        f"With the settings chosen anew for each query, from {len(found['choices'])} and without that query, hybrid "
        f"reaches hit@3 {_figure(chosen['all'])}; the worst of these settings reaches {min(found['choices']):.2f}, the "
        f"best {max(found['choices']):.2f}. Hybrid misses the queries {_listed(found['missed']['hybrid'])}.\n"
    )


def reader_tables() -> str:
    """Return the figures of the reader of reviews, beside the rules that read nothing."""
    stored = load()
    if "mentions" not in stored:
        return "Not measured yet.\n"
    rows = [[name, _figure(one)] for name, one in stored["mentions"].items()]
    lines = [_table(["mentions of features", "held out"], rows)]
    by_name = stored["sentiments"]
    names = list(next(iter(by_name.values())))
    rows = [[name, *(_figure(table[measure]) for measure in names)] for name, table in by_name.items()]
    lines.append(_table(["sentiment of a mention", *names], rows))
    return "\n".join(lines)


def _figure(figure: Sequence[float]) -> str:
    value, low, high = figure
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _listed(keys: Sequence[int]) -> str:
    return ", ".join(str(key) for key in keys) or "none"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "".join("| " + " | ".join(line) + " |\n" for line in lines)
