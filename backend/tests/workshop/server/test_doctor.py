"""The doctor never raises, starts nothing, and says what is true of the server it finds."""

import importlib.metadata
import socket

import psycopg
import pytest

from shop import database, settings
from workshop import doctor
from workshop.server import EmbeddedServer, place, runtime


@pytest.fixture
def ours(monkeypatch):
    """The clone's own server, running, its address marked in the environment."""
    server = EmbeddedServer()
    server.start()
    point(monkeypatch, server.url(), "embedded")
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def no_file(monkeypatch, tmp_path):
    read = settings.load
    monkeypatch.setattr(settings, "load", lambda: read(env_file=tmp_path / ".env"))


def point(monkeypatch, address, mark=""):
    monkeypatch.setenv("DATABASE_URL", address.render_as_string(hide_password=False))
    monkeypatch.setenv("WORKSHOP_SERVER", mark)


def found():
    return {line.name: line for line in doctor.checks()}


def test_nothing_set_is_a_line_and_nothing_is_started():
    lines = found()
    assert lines["python"].ok and lines["packages"].ok and lines["disk"].ok
    assert lines["server"].ok is None and lines["server"].mend == "workshop start"
    assert not EmbeddedServer().running()


def test_a_running_server_of_ours_has_no_failure(ours):
    lines = found()
    assert all(line.ok is not False for line in lines.values())
    assert "PostgreSQL 18" in lines["server"].what and "own" in lines["server"].what
    assert lines["extension vector"].ok and str(ours.url().password) not in str(lines)
    assert "log" not in lines


def test_a_server_of_ours_that_is_down_says_start_and_stays_down(ours):
    ours.stop()
    lines = found()
    assert lines["server"].ok is False and lines["server"].mend == "workshop start" and not ours.running()
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("127.0.0.1", ours.port))
        somebody.listen()
        assert "taken" in found()["port"].what


def test_somebody_elses_server_is_told_from_ours(ours, monkeypatch):
    with psycopg.connect(ours.url().set(drivername="postgresql").render_as_string(False), autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS guest")
        admin.execute("CREATE ROLE guest LOGIN PASSWORD 'g'")
        admin.execute("ALTER SYSTEM SET log_parameter_max_length = -1")
        admin.execute("SELECT pg_reload_conf()")
    try:
        point(monkeypatch, ours.url().set(username="guest", password="g"))
        lines = found()
        assert "somebody else's" in lines["server"].what and "port" not in lines
        assert lines["rights"].ok is False and lines["databases"].ok is None
        assert "administrator" in lines["extension vector"].mend and lines["log"].ok is None
    finally:
        with psycopg.connect(ours.url().set(drivername="postgresql").render_as_string(False), autocommit=True) as admin:
            admin.execute("ALTER SYSTEM RESET log_parameter_max_length")


@pytest.mark.parametrize("address", ["postgresql://a:b@127.0.0.1:1/workshop", "mysql://a:b@h/d", "rubbish"])
def test_an_address_that_cannot_work_is_a_line(address, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", address)
    assert found()["server"].ok is False


def test_a_missing_and_a_wrong_package_are_named(monkeypatch):
    real = importlib.metadata.version

    def version(name):
        if name == "pandas":
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.1" if name == "alembic" else real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    line = found()["packages"]
    assert line.ok is False and "pandas (missing)" in line.what and "alembic 0.1 instead of ==1.20.1" in line.what


def test_a_full_disk_and_a_doctor_that_stumbles_are_lines(monkeypatch):
    monkeypatch.setattr(place, "free", lambda folder: 10)
    assert found()["disk"].ok is False
    monkeypatch.setattr(place, "free", lambda folder: 1 / 0)
    assert found()["disk"].ok is False


def test_a_server_that_is_too_old_or_lacks_an_extension_is_said():
    old = doctor._extension("vector", (0, 8), "0.7.4", True, False)
    assert old.ok is None and "0006" in old.what and "0.7.4" in old.what
    gone = doctor._extension("age", (1, 6), None, False, False)
    assert gone.ok is None and "0013_build_graph" in gone.what and "Dev Container" in gone.mend


def test_where_age_is_not_preloaded_an_ordinary_user_is_told_and_the_graph_works_all_the_same(base, monkeypatch):
    """Calling a function of AGE's loads it, also for a user who may not LOAD."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    import shop.operations  # noqa: F401  registers op.create_graph

    monkeypatch.setattr(runtime.Runtime, "graph_missing", property(lambda self: "not preloaded"))
    server = EmbeddedServer(base / "clusters" / "not-preloaded")
    server.start()
    try:
        with psycopg.connect(
            server.url().set(drivername="postgresql").render_as_string(False), autocommit=True
        ) as admin:
            admin.execute("CREATE ROLE guest LOGIN PASSWORD 'g'")
            admin.execute("CREATE EXTENSION age")
            admin.execute("GRANT CREATE ON DATABASE workshop TO guest; GRANT USAGE ON SCHEMA ag_catalog TO guest")
        guest = server.url().set(username="guest", password="g")
        point(monkeypatch, guest)
        lines = found()
        assert "extension age" in lines, lines
        line = lines["extension age"]
        assert line.ok is None and "not preloaded" in line.what and "shared_preload_libraries" in line.mend
        with database.connect() as connection, connection.begin():
            op = Operations(MigrationContext.configure(connection))
            op.create_extension("age", oldest="1.6")
            op.create_graph(
                "mine", vertices={"One": "SELECT 1 AS id"}, edges={"SELF": ("One", "One", "SELECT 1 AS a, 1 AS b")}
            )
            op.drop_graph("mine")
            op.drop_extension("age")
    finally:
        server.remove()
