"""A room of learners on one server, on the real server."""

from __future__ import annotations

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command

from shop import database
from shop.settings import Settings
from workshop import azure_double, beside, chain, elsewhere, room, steps

SECRET = "CREATE TABLE secret (word text); INSERT INTO secret VALUES ('mine')"


@pytest.fixture
def seats(settings):
    """Learners ada and bob, as their own addresses see the server."""
    found = {name: Settings(_driver(room.add(settings, name).url), embedded=False) for name in ("ada", "bob")}
    yield found
    for one in room.learners(settings):
        room.remove(settings, one.name, force=True)


def _driver(url: sa.URL) -> sa.URL:
    return url.set(drivername="postgresql+psycopg")


def _run(place: Settings, statement: str) -> None:
    with database.connect(place) as connection:
        connection.exec_driver_sql(statement)
        connection.commit()


def test_a_learner_walks_the_chain_up_and_down(seats):
    ada = seats["ada"]
    for _ in range(2):
        steps.upgrade(ada)
        assert steps.current(ada) == "0014_index_graph"
        steps.downgrade(ada, "base")
    with database.connect(ada) as connection:
        left = connection.scalars(sa.text("SELECT extname FROM pg_extension ORDER BY 1")).all()
        assert left == ["age", "plpgsql", "vector"]  # the administrator's; a downgrade leaves them


def test_a_learner_sees_nothing_of_another(seats):
    ada, bob = seats["ada"], seats["bob"]
    _run(ada, SECRET)
    there = Settings(bob.database_url.set(database=ada.database_url.database), embedded=False)
    with pytest.raises(database.DatabaseError, match="may not connect to the database"):
        database.connect(there)
    with database.connect(ada) as open_one, database.connect(bob) as connection:
        open_one.exec_driver_sql("SELECT 'something private'")
        seen = sa.text("SELECT query FROM pg_stat_activity WHERE usename = :ada")
        assert connection.scalars(seen, {"ada": ada.database_url.username}).all() == ["<insufficient privilege>"]


def test_a_learner_makes_no_roles_and_no_databases(seats):
    for statement in ("CREATE ROLE another", "CREATE DATABASE another", "SET ROLE workshop"):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"), database.connect(seats["ada"]) as one:
            one.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(statement)


def test_jumps_and_a_reset_go_without_a_second_database(seats):
    ada = seats["ada"]
    assert not steps.goto(ada, "0003_seed_catalog").copied
    assert steps.current(ada) == "0003_seed_catalog"
    steps.reset(ada)
    assert steps.current(ada) == "base"


def test_what_needs_a_second_database_says_so(seats):
    ada, step = seats["ada"], chain.find("0003")
    for act in (
        lambda: elsewhere.finished_picture(ada),
        lambda: elsewhere.edited(ada, step, "def upgrade", "def upgrade"),
        lambda: azure_double.begin("0006", ada),
    ):
        with pytest.raises(beside.BesideError, match="your user may not create one"):
            act()


def test_the_list_tells_where_everybody_is(settings, seats):
    steps.upgrade(seats["ada"], "0002_create_catalog")
    with database.connect(seats["bob"]):
        listed = {one.name: (one.revision, one.sessions) for one in room.learners(settings)}
    assert listed == {"ada": ("0002_create_catalog", 0), "bob": ("base", 1)}


def test_open_sessions_keep_a_learner(settings, seats):
    with database.connect(seats["ada"]) as connection:
        connection.exec_driver_sql("SELECT 1")
        for act in (room.remove, room.reset):
            with pytest.raises(room.RoomError, match=r"1 session\(s\) of ada are open"):
                act(settings, "ada")
        room.remove(settings, "ada", force=True)
        with pytest.raises(sa.exc.OperationalError):
            connection.exec_driver_sql("SELECT 1")
    with pytest.raises(database.DatabaseError):
        database.connect(seats["ada"])
    assert [one.name for one in room.learners(settings)] == ["bob"]


def test_a_reset_empties_and_leaves_the_address(settings, seats):
    _run(seats["ada"], SECRET)
    beside.move(seats["ada"], command.stamp, "head")  # a state that no downgrade can undo
    room.reset(settings, "ada")
    assert steps.current(seats["ada"]) == "base"
    with database.connect(seats["ada"]) as connection:
        assert connection.scalar(sa.text("SELECT to_regclass('secret')")) is None


@pytest.mark.parametrize("name", ["", "Ada", "a b", "1a", "ada_kept_1", 'a"; DROP ROLE x', "ä", "a" * 31, "-a"])
def test_a_name_that_will_not_do(settings, name):
    for act in (room.add, room.reset, room.remove):
        with pytest.raises(room.RoomError, match="will not do"):
            act(settings, name)


def test_a_name_that_is_taken_or_unknown(settings, seats):
    with pytest.raises(room.RoomError, match='a learner "ada" already'):
        room.add(settings, "ada")
    for act in (room.reset, room.remove):
        with pytest.raises(room.RoomError, match='no learner "eve"'):
            act(settings, "eve")


def test_somebody_elses_role_is_left_alone(settings):
    _run(settings, "CREATE ROLE workshop_room_mallory LOGIN")
    try:
        assert room.learners(settings) == []
        for act in (room.add, room.reset, room.remove):
            with pytest.raises(room.RoomError, match="was not made by"):
                act(settings, "mallory")
    finally:
        _run(settings, "DROP ROLE workshop_room_mallory")


def test_who_is_no_administrator_is_told(seats):
    with pytest.raises(room.RoomError, match="put the address of an administrator into DATABASE_URL"):
        room.add(seats["ada"], "eve")


def test_an_administrator_who_is_no_superuser(settings):
    """As on a managed server; there vector and age are allow-listed, and here only a superuser may make them."""
    _run(settings, "CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD 'm'")
    manager = Settings(settings.database_url.set(username="manager", password="m"), embedded=False)
    try:
        seat = room.add(manager, "carol")
        assert "permission denied" in seat.missing["vector"]
        carol = Settings(_driver(seat.url), embedded=False)
        steps.upgrade(carol, "0003_seed_catalog")
        assert [one.revision for one in room.learners(manager)] == ["0003_seed_catalog"]
        room.reset(manager, "carol")
        room.remove(manager, "carol")
        assert room.learners(settings) == []
    finally:
        _run(settings, "DROP ROLE manager")


def test_the_password_is_sent_as_the_server_keeps_it(settings, server):
    """A log of statements, which an administrator may have switched on, must not hold it."""
    _run(settings, "ALTER ROLE workshop SET log_statement = 'all'")
    try:
        seat = room.add(settings, "ada", host="db.example.org", port=5432)
        log = server.log.read_text(encoding="utf-8")
        assert 'CREATE ROLE "workshop_room_ada"' in log and str(seat.url.password) not in log
        assert (seat.url.host, seat.url.port) == ("db.example.org", 5432)
        here = settings.database_url.set(
            drivername="postgresql", username=seat.url.username, password=seat.url.password, database=seat.url.database
        )
        psycopg.connect(here.render_as_string(hide_password=False)).close()
    finally:
        _run(settings, "ALTER ROLE workshop RESET log_statement")
        room.remove(settings, "ada", force=True)


def test_the_commands(settings, clone):
    added = clone.run("room", "add", "ada", "bob")
    assert added.returncode == 0 and added.stdout.count("DATABASE_URL=postgresql://workshop_room_") == 2
    assert "base" in clone.run("room", "list").stdout
    assert "The database of ada is empty." in clone.run("room", "reset", "ada").stdout
    assert "bob is removed." in clone.run("room", "remove", "ada", "bob").stdout
    assert "The room is empty" in clone.run("room", "list").stdout
    assert "no learner" in clone.run("room", "remove", "ada").stderr
