"""The site in a browser that can reach this machine only: what it fetches, how it fits, whether all can read and use it."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from shop.settings import ROOT
from tests.browser import THIS_MACHINE_ONLY, browser, needs_browser
from workshop import chain

pytestmark = needs_browser

STEP, LAB = chain.steps()[3].name, chain.LABS[3]
LOOKED_AT = {
    "home": "",
    "list of steps": "steps/",
    "step": f"steps/{STEP}/",
    "lab": f"labs/{LAB}/",
    "notebook with an X-ray": "notebooks/0002_create_catalog/",
    "notebook with pictures": "notebooks/0006_embed_catalog/",
    "notebook of a lab": f"notebooks/{LAB}/",
    "guide": "guides/set_up/",
    "schema": "reference/schema/",
    "figures": "reference/figures/",
    "source": f"source/backend/alembic/versions/{STEP}.py/",
    "data": "source/data/gold/labels.csv/",
}
SIZES = {"desktop": 1280, "phone": 390}
SCHEMES = {"light": "default", "dark": "slate"}
MOST = 500_000  # bytes of the home page with all it needs
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}


class Window:
    """A browser's window, in the size and the colours of a reader."""

    def __init__(self, driver, url):
        self.driver, self.url = driver, url
        driver.get("about:blank")
        self.requests()  # those of the browser's own first page

    def reader(self, size, scheme):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        metrics = {"width": SIZES[size], "height": 900, "deviceScaleFactor": 1, "mobile": size == "phone"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def open(self, page):
        self.driver.get(self.url + page)

    def ask(self, script, *given):
        return self.driver.execute_script(script, *given)

    def until(self, script, complaint):
        return WebDriverWait(self.driver, 30, poll_frequency=0.02).until(
            lambda driver: driver.execute_script(script), complaint
        )

    def requests(self):
        """Return what was asked for since the last call, and what became of it: url to (status, bytes transferred)."""
        urls, status, size = {}, {}, {}
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            method, told = event["method"], event["params"]
            if method == "Network.requestWillBeSent":
                urls[told["requestId"]] = told["request"]["url"]
            elif method == "Network.responseReceived":
                status[told["requestId"]] = told["response"]["status"]
            elif method == "Network.loadingFinished":
                size[told["requestId"]] = told["encodedDataLength"]
        asked = {key: url for key, url in urls.items() if not url.startswith(("data:", "chrome:", "blob:", "about:"))}
        return {url: (status.get(key, 0), size.get(key, 0)) for key, url in asked.items()}

    def errors(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def window(site, tmp_path_factory):
    with browser(tmp_path_factory.mktemp("window"), THIS_MACHINE_ONLY) as driver:
        yield Window(driver, site.url)


# In `make test` the pages that show a file, which are many and alike, are left to those in LOOKED_AT, and two readers
# stand for four.
@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["in short", "whole"])
def test_every_page_asks_this_machine_only_and_fits_every_reader(site, window, whole):
    own = urlsplit(site.url).netloc
    wide = []
    pages = [page for page in site.pages if whole or not page.startswith("source/") or page in LOOKED_AT.values()]
    readers = list(itertools.product(SIZES, SCHEMES) if whole else zip(SIZES, SCHEMES, strict=True))
    assert len(pages) > len(LOOKED_AT) and len(readers) >= 2
    for page in pages:
        window.reader("desktop", "light")
        window.open(page)
        for size, scheme in readers:
            window.reader(size, scheme)
            window.until(
                f"return document.body.dataset.mdColorScheme === '{SCHEMES[scheme]}'", f"{page} does not turn {scheme}"
            )
            if window.ask("return document.documentElement.scrollWidth > innerWidth"):
                wide.append((page, size))
        for url, (status, _) in window.requests().items():
            assert urlsplit(url).netloc == own and status < 400, (page, url, status)
        assert window.errors() == [], page
    assert wide == []


def test_a_request_to_another_host_would_be_seen(window):
    window.open("")
    window.requests()
    window.ask("fetch('https://example.org/').catch(() => 0)")
    time.sleep(0.5)
    assert "https://example.org/" in window.requests()
    window.errors()


@pytest.mark.parametrize("page", ["notebooks/0002_create_catalog/", "notebooks/0006_embed_catalog/", "labs/"])
def test_every_picture_is_there(site, window, page):
    window.open(page)
    window.ask("document.querySelectorAll('img').forEach(one => one.loading = 'eager')")
    window.until("return [...document.images].every(one => one.complete)", "a picture is not loaded")
    assert window.ask("return [...document.images].filter(one => !one.naturalWidth).map(one => one.src)") == []


@pytest.fixture(scope="module")
def axe():
    """The source of axe-core, from the tools' environment."""
    python = ROOT / ".venv-tools" / "bin" / "python"
    script = "import axe_core_python, pathlib; print(pathlib.Path(axe_core_python.__file__).with_name('axe.min.js'))"
    found = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
    return Path(found).read_text(encoding="utf-8")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kind", LOOKED_AT)
def test_all_can_read_it(window, axe, kind, scheme):
    """axe-core finds nothing: contrast AA, names of all that can be used, order of the headings, what scrolls has focus."""
    window.reader("desktop", scheme)
    window.open(LOOKED_AT[kind])
    window.ask("document.querySelectorAll('details').forEach(one => one.open = true); letScroll()")
    assert faults(window, axe) == []


@pytest.mark.parametrize("kind", ["home", "step", "notebook with an X-ray"])
def test_all_can_read_it_on_a_phone(window, axe, kind):
    window.reader("phone", "light")
    window.open(LOOKED_AT[kind])
    assert faults(window, axe) == []


def faults(window, axe):
    window.ask(axe)
    found = window.driver.execute_async_script(
        "const done = arguments[1]; axe.run(document, arguments[0]).then(found => done(found.violations))", RULES
    )
    return [
        (one["id"], node["target"], (node.get("failureSummary") or "")[:300]) for one in found for node in one["nodes"]
    ]


def test_axe_would_see_grey_on_white(window, axe):
    window.reader("desktop", "light")
    window.open("")
    window.ask("document.querySelector('.md-content p').style.color = '#aaaaaa'")
    assert "color-contrast" in {one[0] for one in faults(window, axe)}


def test_the_tab_key_reaches_everything(window):
    window.reader("desktop", "light")
    window.open("")
    reached = list(tab_through(window, 80))
    for wanted in (
        "Skip to content",
        "Colours:",
        "Search",
        "Steps",
        "Notebooks",
        "Create the catalog",
        "Labs",
        "Read the first step",
    ):
        assert any(wanted in one for one in reached), (wanted, reached)
    assert [one for one in reached if one.endswith("(a link without a mark)")] == []


def tab_through(window, most):
    """Press Tab and yield the name of what has the focus then, until the page has no more."""
    script = """
        const one = document.activeElement, box = one.getBoundingClientRect()
        const name = one.getAttribute('aria-label') || one.textContent.trim() || one.placeholder || one.title
        const marked = one.tagName !== 'A' || (box.width && getComputedStyle(one).outlineStyle !== 'none') ||
            (one.querySelector('.r') && getComputedStyle(one.querySelector('.r')).stroke !== 'none')
        return one === document.body ? null : name.replace(/\\s+/g, ' ') + (marked ? '' : ' (a link without a mark)')
    """
    for _ in range(most):
        window.driver.switch_to.active_element.send_keys(Keys.TAB)
        if (reached := window.ask(script)) is None:
            return
        yield reached


def test_the_key_to_search_and_what_it_finds(window):
    window.reader("desktop", "light")
    window.open("")
    window.requests()
    window.driver.switch_to.active_element.send_keys("/")
    window.until("return document.activeElement.name === 'query'", "the key / does not lead to the search")
    window.driver.switch_to.active_element.send_keys("deferrable")
    window.until("return document.querySelector('.md-search-result__link')", "nothing was found")
    found = window.ask("return [...document.querySelectorAll('.md-search-result__link')].map(one => one.href)")
    assert any("steps/0004_create_focus_groups/" in one for one in found)


def test_what_scrolls_sideways_can_be_reached_by_key(window):
    window.reader("phone", "light")
    window.open("notebooks/0002_create_catalog/")
    time.sleep(0.3)
    closed = window.ask("""
        return [...document.querySelectorAll('.output, .md-typeset__scrollwrap, pre > code')].filter(one =>
            one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible' && one.tabIndex < 0)
            .map(one => one.textContent.slice(0, 60))""")
    assert closed == []


def test_the_home_page_is_light(window):
    window.reader("desktop", "light")
    window.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": True})
    window.driver.get("about:blank")
    window.requests()
    window.open("")
    time.sleep(2)
    seen = window.requests()
    window.driver.execute_cdp_cmd("Network.setCacheDisabled", {"cacheDisabled": False})
    assert len(seen) >= 5
    assert sum(size for _, size in seen.values()) < MOST, seen
