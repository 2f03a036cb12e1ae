"""Walking: every notebook in order, each in a fresh kernel, on a database of its own.

The walk trusts no notebook: after each it takes its own X-ray and runs the step's checks again.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from shop import database
from shop.settings import ROOT, Settings
from workshop import beside, chain, checkpoints, checks, steps, walked, xray
from workshop.terminal import environment_of

NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / "build" / "notebooks"
CELL_TIMEOUT = 900  # seconds; the first vectors on a slow and busy machine take some minutes


@dataclass(frozen=True)
class Walked:
    """What became of one notebook: seconds, what its step changed, what its checks said, and why it failed, if so."""

    name: str
    seconds: float
    changed: str
    checks: str
    failure: str = ""


def notebooks(short: bool = False) -> list[Path]:
    """Return the notebooks in the order of the walk: start, steps, labs."""
    names = chain.SHORT_PATH if short else (chain.START, *(step.name for step in chain.steps()), *chain.LABS)
    return [chain.notebook(name) for name in names]


def out_of_reach(settings: Settings, paths: Iterable[Path]) -> list[Path]:
    """Return those of the notebooks that need an extension which this server lacks; the labs need all that steps do."""
    lost = {step.name for step in chain.steps()} - {step.name for step in steps.reachable(settings)}
    return [path for path in paths if path.stem in lost or (lost and path.stem in chain.LABS)]


def walk(settings: Settings, paths: Iterable[Path], fresh: bool = True, executed: Path = EXECUTED) -> Iterator[Walked]:
    """Run notebooks one after the other on the database `workshop_walk`; end after the first that fails.

    Args:
        settings: the server; its own database is not touched.
        paths: the notebooks, in any order.
        fresh: begin with an empty database.
        executed: the folder for the executed copies, with a stamp that says which of them passed.
    """
    place = replace(settings, database_url=settings.database_url.set(database="workshop_walk"))
    with walked.alone(executed):
        made_from, passed = walked.state(), walked.passed(executed)
        if fresh:
            checkpoints.replace(place, "template0")
        for path in paths:
            walked.note(executed, made_from, passed - {path.stem})  # its copy is about to be written over
            one = _one(place, path, executed)
            passed = passed - {path.stem} if one.failure else passed | {path.stem}
            walked.note(executed, made_from, passed)
            yield one
            if one.failure:
                return


def walk_what_is_missing(settings: Settings) -> Iterator[Walked]:
    """Walk all notebooks in order, unless the executed copies of all are true of what is here now."""
    with walked.alone(EXECUTED):
        if not walked.ready(EXECUTED, (path.stem for path in notebooks())):
            yield from walk(settings, notebooks())


def _one(place: Settings, path: Path, executed: Path) -> Walked:
    started = time.monotonic()
    failure = _execute(path, place, executed)
    seconds = time.monotonic() - started
    step = next((step for step in chain.steps() if step.name == path.stem), None)
    if step is None or failure:
        return Walked(path.stem, seconds, "", "", failure)
    with database.connect(place) as connection:
        report = checks.run(step, connection)
        after = xray.snapshot(connection)
    if after.revision != step.name:
        failure = f"{step.name}: the notebook left the database at {after.revision or chain.BASE}"
    elif not report.kept:
        failure = str(report)
    changed = xray.compare(_before(place, step), after).summary()
    return Walked(path.stem, seconds, changed, report.summary(), failure)


def _before(place: Settings, step: chain.Step) -> xray.Snapshot:
    """Return the X-ray of a database at the revision before, as a plain upgrade leaves it."""
    with beside.fresh(place, step.before) as elsewhere, database.connect(elsewhere) as connection:
        return xray.snapshot(connection)


def _execute(path: Path, place: Settings, executed: Path) -> str:
    """Run one notebook in a fresh kernel and keep the executed copy; return why it failed, or an empty string."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(NOTEBOOKS)}},
    )
    executed.mkdir(parents=True, exist_ok=True)
    try:
        with (executed / "kernel.log").open("w", encoding="utf-8") as log:  # what the kernel itself has to say
            client.execute(env={**os.environ, **environment_of(place), **_apart(executed)}, stderr=log)
    except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
        return f"{path.stem}, {_failed_cell(notebook)}: {_reason(error)}"
    finally:
        nbformat.write(notebook, executed / path.name)
    return ""


def _apart(executed: Path) -> dict[str, str]:
    """Say where a walk keeps its drafts and its record: it is nobody's progress, and two walks at once do not meet."""
    return {"WORKSHOP_RECORD": str(executed / "record.json"), "WORKSHOP_SCRATCH": str(executed / "scratch")}


def _failed_cell(notebook: nbformat.NotebookNode) -> str:
    """Name the last code cell that was begun: its number among the code cells, and its first line."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    begun = [index for index, cell in enumerate(code) if "iopub.status.busy" in cell.metadata.get("execution", {})]
    number = begun[-1] if begun else 0
    first_line = next(iter(code[number].source.strip().splitlines()), "")
    return f"cell {number + 1} ({first_line})"


def _reason(error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        return f"{error.ename}: {error.evalue}".strip()
    return str(error).strip().splitlines()[0]
