"""Every generated part there is, by name."""

from __future__ import annotations

from functools import partial

from workshop import chain, figures
from workshop.generated import bench, commands, export, operations, revisions, schema, settings, steps, timings, xray
from workshop.generated.marking import Part
from workshop.site import picture

PARTS = {
    "steps": Part(steps.steps_table),
    "labs": Part(steps.labs_table),
    "timings": Part(timings.plans),
    "short-path": Part(steps.short_path),
    "chain": Part(lambda _: picture.drawing() + "\n"),
    "export-files": Part(lambda _: export.files(), export.source),
    "export-defects": Part(lambda _: export.defects(), export.source),
    "export-reviews": Part(lambda _: export.reviews(), export.source),
    "gold": Part(lambda _: export.gold(), export.source),
    "training": Part(lambda _: export.training(), export.source),
    "figures-search": Part(lambda _: figures.search_table(), figures.source),
    "figures-fusion": Part(lambda _: figures.fusion_text(), figures.source),
    "figures-reader": Part(lambda _: figures.reader_tables(), figures.source),
    "bench": Part(lambda _: bench.table([]), lambda: bench.source([])),
    "bench-nearest": Part(lambda _: bench.table(["nearest"]), lambda: bench.source(["nearest"])),
    "schema": Part(schema.text, schema.source, by_climb=True),
    "revisions": Part(revisions.text, revisions.source, by_climb=True),
    "operations": Part(operations.text, operations.source),
    "workshop-commands": Part(commands.workshop_commands),
    "make-targets": Part(commands.make_targets),
    "magics": Part(commands.magics),
    "calls": Part(commands.calls),
    "variables": Part(settings.variables),
    "alembic-settings": Part(settings.alembic),
}
for _step in chain.steps():
    PARTS[f"step-{_step.number}"] = Part(partial(steps.step_line, step=_step))
    PARTS[f"xray-{_step.number}"] = Part(partial(xray.text, step=_step), partial(xray.source, _step), by_climb=True)
