"""The embedded server, on the real thing: every test starts, kills or starves a PostgreSQL of its own."""

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections import namedtuple
from pathlib import Path

import psycopg
import pytest

from shop.settings import BACKEND
from workshop.server import EmbeddedServer, ServerError, ensure, stop_ours

ROOT_ONLY = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")


@pytest.fixture
def server(base, request):
    one = EmbeddedServer(base / "clusters" / request.node.name.replace("[", "-").strip("]"))
    yield one
    one.stop()
    shutil.rmtree(one.home, ignore_errors=True)


def connect(server, database="workshop", **changed):
    address = server.url(database)
    known = {"host": address.host, "port": address.port, "user": address.username, "password": address.password}
    return psycopg.connect(**{**known, "dbname": address.database, "connect_timeout": 5, **changed}, autocommit=True)


def ask(server, statement, database="workshop"):
    with connect(server, database) as connection:
        return connection.execute(statement).fetchone()[0]


def pid_of(server):
    return int((server.data / "postmaster.pid").read_text().splitlines()[0])


def python(program, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=BACKEND,
        env={**os.environ, "PYTHONPATH": str(BACKEND), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def starter(server):
    return f"from pathlib import Path; from workshop.server import EmbeddedServer; s = EmbeddedServer(Path({str(server.home)!r})); s.start(); print(s.port)"


# -- starting and stopping


def test_a_first_start_gives_a_database_and_a_second_start_changes_nothing(server):
    assert server.port is None and not server.running() and server.stop() is False
    server.start()
    assert server.running() and ask(server, "SELECT current_database()") == "workshop"
    pid, port = pid_of(server), server.port
    server.start()
    assert (pid_of(server), server.port) == (pid, port)
    assert server.stop() is True and server.stop() is False and not server.running()


def test_four_starts_at_once_give_one_server(server):
    started = [python(starter(server)) for _ in range(4)]
    said = [one.communicate(timeout=120)[0].strip() for one in started]
    assert [one.returncode for one in started] == [0] * 4, said
    assert set(said) == {str(server.port)} and server.running()


def test_it_outlives_its_starter_and_holds_none_of_its_pipes(server):
    begun = python(starter(server))
    begun.communicate(timeout=120)  # ends only when nobody holds the pipe any more
    assert begun.returncode == 0 and server.running()


def test_what_was_stored_survives_stop_and_start(server):
    server.start()
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    server.stop()
    server.start()
    assert ask(server, "SELECT n FROM kept") == 7


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_it_comes_back_after_kill_9_with_what_was_committed(server, busy):
    server.start()
    with connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    worker = None
    if busy:  # a child that works on and holds the dead server's memory
        loop = "DO 'DECLARE i bigint := 0; BEGIN WHILE i < 3000000000 LOOP i := i + 1; END LOOP; END'"
        worker = connect(server)
        running = f"import psycopg; psycopg.connect({server.url().set(drivername='postgresql').render_as_string(False)!r}).execute({loop!r})"
        client = python(running)
        time.sleep(1.5)
    os.kill(pid_of(server), signal.SIGKILL)
    begun = time.monotonic()
    server.start()
    assert time.monotonic() - begun < 40
    assert server.running() and ask(server, "SELECT n FROM kept") == 7
    if worker:
        worker.close()
        client.communicate(timeout=60)


def test_a_pid_file_that_names_another_program_does_not_stop_it(server):
    server.start()
    server.stop()
    who = {"user": "nobody"} if os.geteuid() == 0 else {}
    other = subprocess.Popen(["sleep", "60"], **who, cwd="/")
    try:
        note = f"{other.pid}\n{server.data}\n1700000000\n{server.port}\n\n127.0.0.1\n  1234567 99999\nready\n"
        (server.data / "postmaster.pid").write_text(note)
        assert not server.running()
        server.start()
        assert server.running() and pid_of(server) != other.pid
    finally:
        other.kill()
        other.wait()


def test_a_taken_port_makes_it_take_another(server):
    server.start()
    server.stop()
    before = server.port
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("127.0.0.1", before))
        somebody.listen()
        assert not server.running()
        server.start()
        assert server.port != before and server.running()


def test_another_server_at_its_port_is_not_taken_for_it(server, base):
    server.start()
    double = EmbeddedServer(base / "clusters" / "double")
    try:
        double.start()
        shutil.copy(server.home / "port", double.home / "port")
        assert not double.running()
    finally:
        shutil.copy(server.home / "port", server.home / "port.kept")
        os.kill(pid_of(double), signal.SIGINT)
        deadline = time.monotonic() + 60
        while (double.home / "data" / "postmaster.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        shutil.rmtree(double.home)


def test_it_starts_where_the_working_directory_is_gone(server):
    gone = f"import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d); {starter(server)}"
    begun = python(gone)
    said = begun.communicate(timeout=120)[0]
    assert begun.returncode == 0, said


def test_it_starts_whatever_postgresql_variables_say(server, monkeypatch):
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGDATA": "/none", "PGSSLMODE": "require"}.items():
        monkeypatch.setenv(name, value)
    server.start()
    assert server.running()


# -- who may come in


def test_only_the_right_password_opens_it(server):
    server.start()
    for wrong in ("", "wrong", "workshop"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(server, password=wrong)
    with pytest.raises(psycopg.OperationalError, match="password"):
        connect(server, "postgres", user="postgres")
    assert stat.S_IMODE((server.home / "password").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.data.stat().st_mode) == 0o700


def test_it_listens_on_loopback_only_and_is_set_as_meant(server):
    server.start()
    with connect(server) as connection:
        shown = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
    assert (shown["listen_addresses"], shown["unix_socket_directories"]) == ("127.0.0.1", "")
    assert shown["password_encryption"] == "scram-sha-256" and shown["max_connections"] == "100"
    assert shown["fsync"] == "on" and shown["TimeZone"] in ("UTC", "Etc/UTC") and shown["lc_messages"] == "C"
    assert shown["log_parameter_max_length"] == shown["log_parameter_max_length_on_error"] == "0"
    listening = subprocess.run(["ss", "-ltnH"], capture_output=True, text=True, check=True).stdout
    assert [line.split()[3] for line in listening.splitlines() if f":{server.port} " in line] == [
        f"127.0.0.1:{server.port}"
    ]


def test_no_secret_reaches_the_log(server):
    server.start()
    with connect(server) as connection:
        connection.execute("SET log_statement = 'all'")
        connection.execute("SELECT %s::text", ["sesame-4711"])
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 1/length(%s::text)::int/0", ["sesame-4711"])
    seen = server.log.read_text()
    assert "sesame-4711" not in seen and str(server.url().password) not in seen


@ROOT_ONLY
def test_as_root_it_runs_as_nobody(server):
    server.start()
    assert Path(f"/proc/{pid_of(server)}").stat().st_uid == 65534


# -- extensions


def test_vector_and_the_graph_are_there_or_it_says_why_not(server):
    server.start()
    with connect(server) as connection:
        connection.execute("CREATE EXTENSION vector")
        if getattr(server, "graph_missing", None) is None:
            connection.execute("CREATE EXTENSION age")
            assert connection.execute("SHOW shared_preload_libraries").fetchone() == ("age",)
            connection.execute("SET search_path = public, ag_catalog")
            connection.execute("SELECT create_graph('shop')")


def test_without_apt_it_runs_without_the_graph_and_says_so(base, monkeypatch):
    (base / "noapt").mkdir()
    (base / "noapt").chmod(0o755)
    (base / "empty").mkdir()
    monkeypatch.setenv("WORKSHOP_HOME", str(base / "noapt"))
    monkeypatch.setenv("PATH", str(base / "empty"))
    server = EmbeddedServer(base / "noapt" / "clusters" / "one")
    server.start()
    try:
        assert "apt-get" in server.graph_missing and "Dev Container" in server.graph_missing
        assert ask(server, "SHOW shared_preload_libraries") == ""
        with connect(server) as connection:
            connection.execute("CREATE EXTENSION vector")
    finally:
        server.stop()


def test_a_named_package_that_is_not_there_leaves_the_server_without_the_graph(base, monkeypatch):
    folder = base / "nodeb"
    folder.mkdir()
    folder.chmod(0o755)
    monkeypatch.setenv("WORKSHOP_HOME", str(folder))
    monkeypatch.setenv("WORKSHOP_AGE_DEB", "/nowhere/age.deb")
    server = EmbeddedServer(folder / "clusters" / "one")
    server.start()
    try:
        assert "/nowhere/age.deb" in server.graph_missing
    finally:
        server.stop()


# -- disk and broken folders


def test_too_little_disk_is_said_before_anything_is_made(server, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 10**12 - 50_000_000, 50_000_000))
    with pytest.raises(ServerError, match=r"MB free"):
        server.start()
    assert not server.data.exists()


@ROOT_ONLY
def test_a_disk_that_fills_up_leaves_nothing_half_made(base, monkeypatch):
    there = EmbeddedServer(base / "clusters" / "warm-up")
    there.start()  # the programs exist
    there.stop()
    shutil.rmtree(there.home)
    small = base / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        real = shutil.disk_usage
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**12, 0, 10**12))  # past the check
        server = EmbeddedServer(small / "one")
        with pytest.raises(ServerError, match=r"(?i)no space|space left"):
            server.start()
        assert not server.data.exists()
        monkeypatch.setattr(shutil, "disk_usage", real)
        subprocess.run(["mount", "-o", "remount,size=600m", str(small)], check=True)
        server.start()
        assert server.running()
        server.stop()
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("left", ["aside", "in place"])
def test_an_interrupted_initdb_is_made_again(server, left):
    server.home.mkdir(parents=True)
    server.home.chmod(0o755)
    for name in ("data",) if left == "in place" else ("data.new", "data.making"):
        (server.home / name / "base" / "1").mkdir(parents=True)
        (server.home / name / "base" / "1" / "112").write_bytes(b"half")
    server.start()
    assert server.running()


def test_a_start_that_fails_shows_the_logs_word_and_place(server):
    server.start()
    server.stop()
    with (server.data / "postgresql.conf").open("a") as conf:
        conf.write("no_such_setting = 1\n")
    with pytest.raises(ServerError) as raised:
        server.start()
    assert "no_such_setting" in str(raised.value) and str(server.log) in str(raised.value)


@ROOT_ONLY
def test_a_folder_that_nobody_may_not_enter_is_named_and_left_as_it_is(base, monkeypatch):
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    monkeypatch.setenv("WORKSHOP_HOME", str(closed / "home"))
    with pytest.raises(ServerError, match="nobody") as raised:
        EmbeddedServer(closed / "home" / "clusters" / "one").start()
    assert str(closed) in str(raised.value) and stat.S_IMODE(closed.stat().st_mode) == 0o700


# -- the file backend/.env and whose server it is


@pytest.fixture
def file(tmp_path, base, monkeypatch):
    """A .env file; the server of `ensure` lies in the tests' folder and is stopped afterwards."""
    yield tmp_path / ".env"
    monkeypatch.delenv("DATABASE_URL", raising=False)
    EmbeddedServer().stop()


def test_with_no_address_it_starts_and_writes_the_file_for_us_alone(file):
    found = ensure(file)
    assert found.embedded and found.database_url.database == "workshop" and EmbeddedServer().running()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "WORKSHOP_SERVER=embedded" in file.read_text().splitlines()
    assert ensure(file) == found
    assert stop_ours(file) is True and stop_ours(file) is False


def test_the_readers_lines_stay_when_the_address_changes(file):
    ensure(file)
    address = next(line for line in file.read_text().splitlines() if line.startswith("DATABASE_URL"))
    right = f"{address}_walk"
    other = right.replace(f":{EmbeddedServer().port}/", ":1/")
    mine = f"# mine\nAI_PROVIDER=local\n{other}\n\nWORKSHOP_SERVER=embedded\nLAST='a b'  # end"
    file.write_text(mine)
    file.chmod(0o644)
    found = ensure(file)
    assert found.database_url.port == EmbeddedServer().port and found.database_url.database == "workshop_walk"
    assert file.read_text().splitlines() == mine.replace(other, right).splitlines()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_marked_address_is_started_when_down_and_moves_with_its_port(file):
    before = ensure(file)
    EmbeddedServer().stop()
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        somebody.bind(("127.0.0.1", before.database_url.port))
        somebody.listen()
        after = ensure(file)
    assert after.database_url.port != before.database_url.port
    assert str(after.database_url.port) in file.read_text()


def test_a_marked_address_from_the_environment_is_corrected_and_not_written(file, monkeypatch):
    address = ensure(file).database_url.set(port=1, database="workshop_walk", drivername="postgresql")
    file.unlink()
    monkeypatch.setenv("DATABASE_URL", address.render_as_string(hide_password=False))
    monkeypatch.setenv("WORKSHOP_SERVER", "embedded")
    EmbeddedServer().stop()
    found = ensure(file)
    assert found.database_url.port == EmbeddedServer().port and found.database_url.database == "workshop_walk"
    assert EmbeddedServer().running() and not file.exists()


@pytest.mark.parametrize("mark_in_file", [False, True])
def test_a_foreign_address_is_never_touched(file, monkeypatch, mark_in_file):
    foreign = "postgresql://me:secret@10.0.0.1:5432/mine"
    file.write_text(
        "DATABASE_URL=postgresql://workshop:x@127.0.0.1:1/workshop\nWORKSHOP_SERVER=embedded\n" if mark_in_file else ""
    )
    monkeypatch.setenv("DATABASE_URL", foreign)
    before = file.read_bytes()
    monkeypatch.setattr(EmbeddedServer, "start", lambda self: pytest.fail("started"))
    monkeypatch.setattr(EmbeddedServer, "stop", lambda self: pytest.fail("stopped"))
    found = ensure(file)
    assert not found.embedded and found.database_url.host == "10.0.0.1" and file.read_bytes() == before
    with pytest.raises(ServerError) as raised:
        stop_ours(file)
    assert "10.0.0.1" in str(raised.value) and "secret" not in str(raised.value)
    monkeypatch.undo()


def test_our_data_is_removed_whatever_server_the_address_names(file, monkeypatch):
    ensure(file)
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@10.0.0.1:5432/mine")
    assert stop_ours(file, remove=True) is True
    assert not EmbeddedServer().home.exists()


def test_a_lost_password_is_made_anew(file):
    before = ensure(file)
    EmbeddedServer().stop()
    (EmbeddedServer().home / "password").unlink()
    after = ensure(file)
    assert after.database_url.password != before.database_url.password and EmbeddedServer().running()
    assert str(after.database_url.password) in file.read_text()
