"""Build the site, or serve it while somebody writes: `python -m workshop.site [serve]`.

The notebooks are walked first, unless their executed copies are true of what is here now. mkdocs has an environment of
its own, .venv-tools.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

import click

from shop.errors import ExplainedError
from shop.settings import ROOT
from workshop import server, walk, walked

LOCAL = "127.0.0.1:8000"
SITE = ROOT / "site"
MKDOCS = ROOT / ".venv-tools" / ("Scripts" if os.name == "nt" else "bin") / "mkdocs"


class SiteError(ExplainedError):
    """The site cannot be built."""


def build() -> None:
    """Build the site into site/; say where it is, how many pages it has, and how long that took.

    Raises:
        SiteError: a notebook failed, or mkdocs found a fault, which it has named.
    """
    started = time.monotonic()
    execute()
    if mkdocs("build", "--strict"):
        raise SiteError("The site was not built: mkdocs names the page and the fault above.")
    pages = sum(1 for _ in SITE.rglob("index.html"))
    seconds = time.monotonic() - started
    click.echo(f"{pages} pages in {seconds:.0f} s. The site is in {SITE}; `make docs-serve` shows it.")


def serve() -> None:
    """Serve the site on this machine only, and build it anew whenever a page changes."""
    execute()
    click.echo(f"Serving on http://{LOCAL}/ until Ctrl-C.")
    mkdocs("serve", "--strict", "--livereload", "--dev-addr", LOCAL)


def execute() -> None:
    """Walk the notebooks, unless their executed copies are true of what is here now.

    Raises:
        SiteError: a notebook failed; with its cell and the reason.
    """
    names = [path.stem for path in walk.notebooks()]
    if walked.ready(walk.EXECUTED, names):
        return
    click.echo("Running all notebooks first, since they or what they run on changed. It takes some minutes.")
    for one in walk.walk_what_is_missing(server.ensure()):
        click.echo(f"  {one.name:32} {one.seconds:6.1f} s")
        if one.failure:
            raise SiteError(one.failure)


def mkdocs(*words: str) -> int:
    """Run mkdocs from the tools' environment and return its exit status.

    Raises:
        SiteError: that environment is missing.
    """
    if not MKDOCS.exists():
        raise SiteError(f"{MKDOCS.relative_to(ROOT)} is missing: `make docs` makes the environment it belongs to.")
    # Without it the theme advertises its successor on every run.
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    command = [str(MKDOCS), words[0], "--config-file", str(ROOT / "mkdocs.yml"), *words[1:]]
    return subprocess.run(command, cwd=ROOT, env=quiet, check=False).returncode


if __name__ == "__main__":
    try:
        serve() if sys.argv[1:] == ["serve"] else build()
    except ExplainedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
