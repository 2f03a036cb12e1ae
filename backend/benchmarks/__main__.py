"""`make bench`: run all benchmarks, or those named, and say what holds.

    python -m benchmarks               # all
    python -m benchmarks nearest       # one

The figures go to docs/figures/bench.json, from which `make texts` writes the pages' tables. Exit status 1 when a line
does not hold. Measure on a machine that does nothing else: the load before and after is kept with the figures.
"""

from __future__ import annotations

import datetime
import importlib
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import Line
from shop.settings import ROOT

BENCHMARKS = ("environment", "embedding", "nearest", "copy_csv", "graph")
FIGURES = ROOT / "docs" / "figures" / "bench.json"


def main(names: Sequence[str]) -> int:
    """Run the named benchmarks, all when none is named; return 1 when a line does not hold."""
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        sys.exit(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}.")
    kept = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.exists() else {}
    failed = 0
    for name in names or BENCHMARKS:
        print(f"-- {name}", flush=True)
        before = _load()
        lines: list[Line] = importlib.import_module(f"benchmarks.{name}").measure()
        for line in lines:
            print(_row(line), flush=True)
            failed += not line.holds
        kept[name] = {"measured": _circumstances(before), "lines": [_kept(line) for line in lines]}
    kept = {name: kept[name] for name in BENCHMARKS if name in kept}
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"{failed} line(s) do not hold." if failed else "All that is wanted holds.")
    return int(failed > 0)


def _row(line: Line) -> str:
    mark = "  " if line.holds else "! "
    said = f"  ({line.said})" if line.said else ""
    return f"{mark}{line.what:64} {line.measured:>12}   {line.wanted or '-':16}{said}"


def _kept(line: Line) -> dict[str, object]:
    shown = {"measured": line.measured, "wanted": line.wanted, "holds": line.holds}
    return {**{name: value for name, value in asdict(line).items() if value not in (None, "")}, **shown}


def _circumstances(before: float | None) -> dict[str, object]:
    return {
        "on": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_before": before,
        "load_after": _load(),
    }


def _load() -> float | None:
    """Return how many programs wanted the processor in the last minute; None where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
