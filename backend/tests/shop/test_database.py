"""A connection that fails says why, in one sentence, without the password."""

import socket
import threading

import pytest
import sqlalchemy as sa

from shop import database
from shop.settings import Settings


def refusal(url):
    with pytest.raises(database.DatabaseError) as caught:
        database.connect(Settings(url, embedded=False))
    said = str(caught.value)
    assert url.password not in said
    return said


@pytest.fixture
def url(settings):
    return settings.database_url


def test_refused(url):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert "Connection refused: no PostgreSQL listens" in refusal(url.set(port=port))


def test_wrong_password(url):
    assert "does not accept this password" in refusal(url.set(password="not-the-password"))


def test_no_such_database(url):
    assert 'has no database "nowhere"' in refusal(url.set(database="nowhere"))


def test_no_such_host(url):
    assert "No machine is known by the name" in refusal(url.set(host="no-such-host.invalid"))


def test_not_postgresql(url):
    with socket.create_server(("127.0.0.1", 0)) as other:

        def talk():
            for _ in range(2):
                try:
                    line, _ = other.accept()
                except OSError:  # the client did not come a second time
                    return
                line.recv(100)
                line.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                line.close()

        threading.Thread(target=talk, daemon=True).start()
        said = refusal(url.set(port=other.getsockname()[1]))
    assert "is not PostgreSQL" in said or "If it is something else" in said


def test_too_old(settings, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(database, "OLDEST_SERVER", 990000)
        with pytest.raises(database.DatabaseError, match="needs 99 or newer"):
            database.connect(settings)


def test_no_rights(settings, connection):
    connection.execute(sa.text("DROP ROLE IF EXISTS reader"))
    connection.execute(sa.text("CREATE ROLE reader LOGIN PASSWORD 'reader'"))
    connection.commit()
    place = Settings(settings.database_url.set(username="reader", password="reader"), embedded=False)
    try:
        from workshop import steps

        with pytest.raises(steps.StepError, match='The user "reader" lacks a right') as caught:
            steps.upgrade(place, "0001_create_sample_table")
        assert "GRANT CREATE ON SCHEMA public" in str(caught.value)
    finally:
        connection.execute(sa.text("DROP ROLE reader"))
        connection.commit()


def test_a_database_that_is_closed_to_the_user(settings, connection):
    connection.execute(sa.text("DROP ROLE IF EXISTS outsider"))
    connection.execute(sa.text("CREATE ROLE outsider LOGIN CONNECTION LIMIT 0 PASSWORD 'let-me-in'"))
    connection.commit()
    url = settings.database_url.set(username="outsider", password="let-me-in")
    try:
        assert "as many connections as it may" in refusal(url)
        connection.execute(sa.text("ALTER ROLE outsider CONNECTION LIMIT 5"))
        connection.execute(sa.text(f'REVOKE CONNECT ON DATABASE "{url.database}" FROM PUBLIC'))
        connection.commit()
        assert "may not connect to the database" in refusal(url)
    finally:
        connection.execute(sa.text("DROP ROLE outsider"))
        connection.commit()
