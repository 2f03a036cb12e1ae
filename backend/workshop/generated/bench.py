"""What stands where the figures of `make bench` are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from shop.settings import ROOT

FIGURES = ROOT / "docs" / "figures" / "bench.json"


def source(names: Sequence[str]) -> bytes:
    return json.dumps(_benches(names)).encode()


def table(names: Sequence[str]) -> str:
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
