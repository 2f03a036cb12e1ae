"""A learner's browser: JupyterLab as `make lab` starts it, and a notebook run in Chromium from its menu.

The lab runs on copies of the notebooks and with folders of its own, so that nothing of the reader's is touched. The
picture of the README is written only with WORKSHOP_PICTURE=1 in the environment; a plain run leaves no difference.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from shop.settings import ROOT
from tests.browser import browser, needs_browser
from workshop import steps

TABLES = """features import_refusals personalized_product_sections product_features product_images products reviews
            users variant_attributes variants""".split()
PICTURE = ROOT / "docs" / "images" / "xray.png"
NOTEBOOK = "0002_create_catalog.ipynb"
SECONDS = 90  # for anything the page has to do


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its process, its address, the token that opens it, the folder it serves."""

    pid: int
    url: str
    token: str
    notebooks: Path

    def status(self, path, token=None):
        """Return the HTTP status of a request, with or without a token."""
        request = urllib.request.Request(self.url + path)
        if token:
            request.add_header("Authorization", f"token {token}")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status
        except urllib.error.HTTPError as refused:
            return refused.code


@contextmanager
def running_lab(folder):
    """Run JupyterLab with the command line of `make lab`, on a free port and on copies of the notebooks."""
    (folder / "notebooks").mkdir()
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        shutil.copy(notebook, folder / "notebooks")
    own = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime",
           "JUPYTERLAB_SETTINGS_DIR": "settings", "JUPYTERLAB_WORKSPACES_DIR": "workspaces", "IPYTHONDIR": "ipython"}  # fmt: skip
    environment = {**os.environ, **{name: str(folder / place) for name, place in own.items()}}
    environment.pop("JUPYTER_TOKEN", None)
    command = [*command_of_make_lab(), "--no-browser", f"--ServerApp.port={free_port()}"]
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            found = wait_for(lambda: addresses(folder / "runtime", process), "JupyterLab did not start", folder)
            yield Lab(process.pid, found["url"], found["token"], folder / "notebooks")
        finally:
            process.send_signal(signal.SIGTERM)  # it ends its kernels, too
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def command_of_make_lab():
    """Return what `make lab` would run, read from the Makefile itself, with this Python's own jupyter."""
    said = subprocess.run(["make", "--dry-run", "lab"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    line = next(line for line in said.splitlines() if "/jupyter lab " in line)
    return [str(Path(sys.executable).with_name("jupyter")), *shlex.split(line)[1:]]


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def addresses(runtime, process):
    assert process.poll() is None, "JupyterLab ended by itself"
    files = list(runtime.glob("jpserver-*.json"))
    return json.loads(files[0].read_text()) if files and files[0].stat().st_size else None


def wait_for(ask, complaint, folder):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.2)
    pytest.fail(f"{complaint}:\n{(folder / 'lab.log').read_text()[-2000:]}")


class Page:
    """A notebook on the screen."""

    def __init__(self, driver, lab, name):
        self.driver = driver
        driver.get(f"{lab.url}lab/tree/{name}?token={lab.token}")
        self.until(lambda: self.all(".jp-CodeCell") and self.idle(), "the notebook did not open")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        """Return the texts of all such elements, those that are folded away or off the screen, too."""
        script = "return [...document.querySelectorAll(arguments[0])].map(one => one.textContent.trim())"
        return self.driver.execute_script(script, selector)

    def until(self, ask, complaint):
        return WebDriverWait(self.driver, SECONDS).until(lambda _: ask(), complaint)

    def idle(self):
        """Tell whether the kernel waits; the notebook's own sign says so even before there is a kernel."""
        return any(text.endswith("| Idle") for text in self.texts("#jp-main-statusbar span"))

    def run_all(self):
        """Choose Run > Run All Cells, and wait until every code cell has its number."""
        self.click("//li[@role='menuitem'][normalize-space()='Run']")
        self.click("//li[@role='menuitem'][contains(normalize-space(), 'Run All Cells')]")
        self.until(lambda: self.errors() or (self.finished() and self.idle()), "the notebook did not come to its end")

    def errors(self):
        """Return what failed cells say; JupyterLab shows it like anything that is written to stderr."""
        return self.texts('[data-mime-type="application/vnd.jupyter.stderr"]')

    def finished(self):
        prompts = self.texts(".jp-CodeCell .jp-InputPrompt")
        return all(prompt.strip("[]:").isdigit() for prompt in prompts)

    def click(self, path):
        self.until(lambda: self.driver.find_elements(By.XPATH, path), f"there is no {path}")
        self.driver.find_element(By.XPATH, path).click()

    def output(self, source):
        """Scroll to the output of the cell that consists of this one line."""
        cell = next(cell for cell in self.all(".jp-CodeCell") if self.source(cell) == source)
        return self.show(cell.find_element(By.CSS_SELECTOR, ".jp-Cell-outputArea"))

    def source(self, cell):
        return cell.find_element(By.CSS_SELECTOR, ".cm-content").get_property("textContent")

    def show(self, element):
        """Scroll to an element, until it is there: JupyterLab lays out only what is near the window."""
        script = "arguments[0].scrollIntoView(); return arguments[0].innerText.trim()"
        self.until(lambda: self.driver.execute_script(script, element), "the page does not scroll there")
        return element

    def rows(self, table):
        """Return the rows of a table as lists of texts, as far as they can be seen: without what is folded away."""
        script = (
            "return [...arguments[0].tBodies[0].rows].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
        )
        return self.driver.execute_script(script, self.show(table))


@pytest.fixture
def lab(settings, tmp_path):
    with running_lab(tmp_path) as one:
        yield one


@needs_browser
def test_a_notebook_runs_in_the_browser(lab, settings, tmp_path):
    with browser(tmp_path) as driver:
        page = Page(driver, lab, NOTEBOOK)
        page.run_all()
        assert page.errors() == []
        assert page.finished()
        assert not page.all(".Toastify__toast")  # nothing asks for anything over the page

        shown = page.rows(page.output("step.upgrade()").find_element(By.TAG_NAME, "table"))
        assert [row[:2] for row in shown] == [["+", "table"]] * len(TABLES) + [["+", "type"]]
        assert [row[2].split()[0].strip(":") for row in shown[:-1]] == TABLES

        drawn = page.texts("svg[role=img] text")
        assert {*TABLES, "sample", "hashed_password"} <= set(drawn)
        assert page.all("svg[role=img]")[0].get_attribute("aria-label").startswith("Tables: features, ")

        assert any("No trace is left" in text for text in page.texts(".jp-OutputArea-output"))
        promises = page.rows(page.output("step.finish()").find_element(By.TAG_NAME, "table"))
        assert promises and {row[0] for row in promises} == {"✔ kept"}
        assert steps.current(settings) == NOTEBOOK.removesuffix(".ipynb")

        take_picture(page, PICTURE if os.environ.get("WORKSHOP_PICTURE") == "1" else tmp_path / "xray.png")


def take_picture(page, place):
    """Store what the window shows: the X-ray, one of its tables unfolded."""
    page.click("//li[@data-id='filebrowser']")  # folds the list of files away
    xray = page.output("step.upgrade()")
    next(one for one in xray.find_elements(By.TAG_NAME, "summary") if "product_features" in one.text).click()
    page.until(lambda: "fk_product_features_product_id_products" in xray.text, "the table does not unfold")
    page.show(page.driver.find_element(By.XPATH, "//h2[starts-with(normalize-space(), 'Upgrade')]"))
    place.parent.mkdir(parents=True, exist_ok=True)
    page.driver.save_screenshot(str(place))
    assert width_of(place) >= 900


def test_the_lab_listens_on_this_machine_only_and_asks_for_its_token(lab):
    process = psutil.Process(lab.pid)
    listening = {
        (address.laddr.ip, address.laddr.port)
        for one in (process, *process.children(recursive=True))
        for address in one.net_connections("inet")
        if address.status == psutil.CONN_LISTEN
    }
    assert {ip for ip, _ in listening} == {"127.0.0.1"}
    assert int(lab.url.split(":")[2].strip("/")) in {port for _, port in listening}
    assert lab.status("api/contents") == 403
    assert lab.status("api/contents", token="guessed") == 403
    assert lab.status("api/contents", token=lab.token) == 200


def test_the_picture_of_the_readme():
    assert width_of(PICTURE) >= 900


def width_of(picture):
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n", f"{picture.name} is no PNG"
    return struct.unpack(">I", head[16:20])[0]
