"""The command `workshop review`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from workshop import chain
from workshop.review import report
from workshop.review.source import UnreadableError


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", help="How to show the findings.")
@click.option("--rules", "list_rules", is_flag=True, help="List the rules with their reasons, and review nothing.")
def review(files: tuple[Path, ...], form: str, list_rules: bool) -> None:
    """Review Alembic revisions (default: the whole chain) and say what to mend.

    The files are read and never run. Exit status: 0 nothing found, 1 findings, 2 a file that cannot be read.
    """
    if list_rules:
        click.echo(report.rules_as_json() if form == "json" else report.rules_as_text())
        return
    reports, unreadable = [], []
    for path in files or [step.revision for step in chain.steps()]:
        try:
            reports.append(report.review(path))
        except UnreadableError as error:
            unreadable.append(str(error))
    if form == "json":
        click.echo(report.as_json(reports, unreadable))
    else:
        click.echo(report.as_text(reports))
    for sentence in unreadable:
        click.echo(f"Error: {sentence}", err=True)
    if skipped := report.not_checked():
        click.echo(f"Note: squawk is not installed here, so {' and '.join(skipped)} were not checked.", err=True)
    sys.exit(2 if unreadable else int(any(one.findings for one in reports)))
