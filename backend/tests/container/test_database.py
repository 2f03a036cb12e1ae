"""The entrypoint and the health check of the service `db`, run with the embedded server's programs.

`make check-container` runs them with the image's own packages; here it takes seconds.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from shop.settings import ROOT
from workshop.server import place, runtime

DB = ROOT / ".devcontainer" / "db"
SAID = {"POSTGRES_USER": "workshop", "POSTGRES_PASSWORD": "a pass'word", "POSTGRES_DB": "the shop"}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shell scripts")


class Container:
    """A folder that stands for the image: its scripts, its settings, an empty volume."""

    def __init__(self, folder, programs):
        self.folder, self.data = folder, folder / "volume" / "18" / "data"
        for name in ("entrypoint", "healthcheck", "workshop.conf", "extensions.sql"):
            text = (DB / name).read_text().replace("/etc/postgresql/", f"{folder}/")
            (folder / name).write_text(text)
            (folder / name).chmod(0o755)
        (folder / "volume").mkdir()
        place.hand_over(folder / "volume")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.environment = {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "PGDATA": str(self.data),
            "PGPORT": self.port,
            "LANG": "C.UTF-8",
            **SAID,
        }
        self.running = []

    def start(self, *words, **environment):
        user, group = place.server_user() or (None, None)
        one = subprocess.Popen(
            [self.folder / "entrypoint", *(words or self.loopback)],
            env={**self.environment, **environment},
            cwd="/",
            user=user,
            group=group,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )
        self.running.append(one)
        return one

    loopback = ("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")

    def health(self, script="healthcheck", **environment):
        return subprocess.run(
            [self.folder / script],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def healthy(self):
        deadline = time.monotonic() + 60
        while (said := self.health()).returncode:
            assert self.running[-1].poll() is None, self.running[-1].stdout.read()
            assert time.monotonic() < deadline, said.stderr
            time.sleep(0.1)

    def connect(self, database=SAID["POSTGRES_DB"]):
        return closing(
            psycopg.connect(
                host="127.0.0.1",
                port=self.port,
                dbname=database,
                user=SAID["POSTGRES_USER"],
                password=SAID["POSTGRES_PASSWORD"],
            )
        )

    def end(self):
        for one in self.running:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGQUIT)
            if not one.stdout.closed:
                one.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def folders():
    """A place that `nobody` can reach, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="workshop-db-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def programs():
    place.make(place.base())
    tree = runtime.ready(place.base())
    if tree.graph_missing:
        pytest.skip(tree.graph_missing)
    return tree.pg / "bin"


@pytest.fixture
def container(folders, programs):
    one = Container(Path(tempfile.mkdtemp(dir=folders)), programs)
    one.folder.chmod(0o755)
    yield one
    one.end()


@pytest.fixture(scope="module")
def up(folders, programs):
    """One that is healthy, for all tests that only ask."""
    one = Container(Path(tempfile.mkdtemp(dir=folders)), programs)
    one.folder.chmod(0o755)
    one.start()
    one.healthy()
    yield one
    one.end()


def test_the_first_start_makes_role_database_and_extensions_and_no_table(up):
    with up.connect() as shop, up.connect("postgres") as maintenance:
        tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        extensions = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"
        assert shop.execute(tables).fetchone() == (0,)
        assert shop.execute(extensions).fetchall() == []
        assert maintenance.execute(extensions).fetchall() == [("age",), ("vector",)]
        assert shop.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,)


def test_the_settings_hold(up):
    with up.connect() as shop:
        wanted = {
            "shared_preload_libraries": "age",
            "log_parameter_max_length": "0",
            "log_parameter_max_length_on_error": "0",
            "password_encryption": "scram-sha-256",
            "server_encoding": "UTF8",
        }
        found = {name: shop.execute(f"SHOW {name}").fetchone()[0] for name in wanted}
    assert found == wanted


def test_a_network_needs_the_password(up):
    for line in (up.data / "pg_hba.conf").read_text().splitlines():
        if line.startswith("host"):
            assert line.endswith("scram-sha-256"), line
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(host="127.0.0.1", port=up.port, dbname="postgres", user="workshop", password="workshop")


def test_a_second_start_keeps_the_data(container):
    first = container.start()
    container.healthy()
    with container.connect() as shop:
        shop.execute("CREATE TABLE kept ()")
        shop.commit()
    first.send_signal(signal.SIGTERM)
    assert "making the data" in first.communicate(timeout=20)[0] and first.returncode == 0
    container.start()
    container.healthy()
    with container.connect() as shop:
        shop.execute("SELECT FROM kept")
    container.running[-1].send_signal(signal.SIGTERM)
    assert "making the data" not in container.running[-1].communicate(timeout=20)[0]


def test_the_image_s_stop_signal_does_not_wait_for_an_open_session(container):
    running = container.start()
    container.healthy()
    with container.connect() as shop:
        shop.execute("SELECT 1")
        running.send_signal(signal.SIGINT)
        said = running.communicate(timeout=20)[0]
    assert running.returncode == 0 and said.rstrip().endswith("database system is shut down")


@pytest.mark.parametrize("moment", ["PG_VERSION", "postmaster.pid"])
def test_a_first_start_that_is_killed_leaves_nothing_half_made(container, moment):
    running = container.start()
    deadline = time.monotonic() + 30
    seen = container.data.with_name("data.new") / moment
    # initdb's own processes write a negative number there; a server's is its process.
    while not (seen.exists() and (number := int(seen.read_text().partition("\n")[0] or 0)) > 0):
        assert time.monotonic() < deadline and running.poll() is None
        time.sleep(0.005)
    os.killpg(running.pid, signal.SIGKILL)
    if moment == "postmaster.pid":  # pg_ctl gives the server a session of its own; a container would end it, too
        os.kill(number, signal.SIGKILL)
    running.communicate()
    time.sleep(0.5)  # the last processes
    assert not container.data.exists()
    container.start()
    container.healthy()
    assert not container.data.with_name("data.new").exists()


def test_a_first_start_can_be_stopped(container):
    running = container.start()
    while not container.data.with_name("data.new").exists():
        time.sleep(0.005)
    running.send_signal(signal.SIGTERM)
    assert running.wait(20) == 143
    assert not container.data.exists()


def test_without_a_password_there_is_no_server(container):
    running = container.start(POSTGRES_PASSWORD="")
    said = running.communicate(timeout=20)[0]
    assert running.returncode == 1 and "POSTGRES_PASSWORD is not set" in said and not container.data.exists()


def test_data_of_another_version_is_left_alone(container):
    container.data.mkdir(parents=True)
    (container.data / "PG_VERSION").write_text("17\n")
    running = container.start()
    said = running.communicate(timeout=20)[0]
    assert running.returncode == 1 and "made by PostgreSQL 17, and this is 18" in said
    assert "docker compose down --volumes" in said and (container.data / "PG_VERSION").exists()


def test_a_folder_that_holds_something_else_is_left_alone(container):
    container.data.mkdir(parents=True)
    (container.data / "photo").touch()
    running = container.start()
    said = running.communicate(timeout=20)[0]
    assert running.returncode == 1 and "holds no database" in said and (container.data / "photo").exists()


def test_another_command_runs_instead(container):
    running = container.start("psql", "--version")
    assert running.communicate(timeout=20)[0].startswith("psql (PostgreSQL) 18")
    assert not container.data.exists()


# -- the health check -------------------------------------------------------------------------------------------------


def test_healthy(up):
    done = up.health()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_wrong_password_is_unhealthy(up):
    done = up.health(POSTGRES_PASSWORD="other")
    assert done.returncode and "password authentication failed" in done.stderr


@pytest.mark.parametrize(
    ("here", "instead", "said"),
    [
        ("('vector', '0.8.5')", "('vector', '99.1')", "the extension vector is 0.8"),
        ("('age', '1.8.0')", "('age', '1.10.0')", "the extension age is 1.8.0, and 1.10.0 or newer is wanted"),
        ("('age', '1.8.0')", "('nothing', '1')", "the extension nothing is missing"),
        ("<> 18", "<> 19", "the server is PostgreSQL 18."),
        ("('shared_preload_libraries', 'age')", "('shared_preload_libraries', 'other')", 'is "age", and "other"'),
    ],
)
def test_the_health_check_names_what_is_wrong(up, here, instead, said):
    text = (up.folder / "healthcheck").read_text()
    assert text.count(here) == 1
    (up.folder / "changed").write_text(text.replace(here, instead))
    (up.folder / "changed").chmod(0o755)
    done = up.health("changed")
    assert done.returncode and said in done.stderr
