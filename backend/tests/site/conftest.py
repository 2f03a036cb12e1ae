"""The site, built once for all tests of it, from notebooks that were walked once.

The tests belong to the group of the walk's own test (see `--dist loadgroup` in the Makefile): they run on the same worker
after it, and find its executed copies.
"""

from __future__ import annotations

import functools
import http.server
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from shop.settings import Settings
from tests.site.reading import Html, read
from workshop import walk, walked
from workshop.site.__main__ import mkdocs


@dataclass(frozen=True)
class Site:
    """A built site: its folder, and the address at which it is served."""

    folder: Path
    url: str

    @functools.cached_property
    def pages(self) -> dict[str, Html]:
        """Every page, by its path in the address: "" for the home page, "steps/0003_seed_catalog/"."""
        found = sorted(self.folder.rglob("index.html"))
        return {path.relative_to(self.folder).as_posix().removesuffix("index.html"): read(path) for path in found}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words):
        pass


@pytest.fixture(scope="session")
def site(request, tmp_path_factory):
    """The site as `make docs` builds it, served on this machine without compression."""
    names = [path.stem for path in walk.notebooks()]
    if not walked.ready(walk.EXECUTED, names):
        settings = Settings(request.getfixturevalue("server").url("workshop_site"), embedded=False)
        failures = [one.failure for one in walk.walk_what_is_missing(settings) if one.failure]
        assert failures == []
    folder = tmp_path_factory.mktemp("site")
    assert mkdocs("build", "--strict", "--quiet", "--site-dir", str(folder)) == 0, "mkdocs names page and fault above"
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Site(folder, f"http://127.0.0.1:{server.server_port}/")
    server.shutdown()
    server.server_close()


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("walk"))
