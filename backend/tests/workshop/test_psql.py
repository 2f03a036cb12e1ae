"""`workshop psql`: the right program, the right database, and no password where others can read it."""

from __future__ import annotations

import sys

import pytest
import sqlalchemy as sa

from workshop import psql


def test_it_is_the_database_of_the_workshop(settings, clone):
    done = clone.run("psql", "-Atc", "SELECT current_database(), current_user")
    assert done.stdout.strip() == f"{settings.database_url.database}|workshop"


def test_its_exit_status_is_ours(settings, clone):
    done = clone.run("psql", "-c", "SELECT * FROM nowhere")
    assert done.returncode == 1 and 'relation "nowhere" does not exist' in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/proc shows the command line on Linux")
def test_the_command_line_shows_no_password(settings, clone):
    done = clone.run("psql", "-c", r"\! tr '\0' ' ' < /proc/$PPID/cmdline")
    assert "psql" in done.stdout and str(settings.database_url.password) not in done.stdout


def test_every_part_of_the_address_arrives():
    url = sa.make_url("postgresql+psycopg://ada:a%40b%2F:c@[::1]:6543/shop%20two?sslmode=require&connect_timeout=7")
    assert psql.environment(url) == {
        "PGUSER": "ada",
        "PGPASSWORD": "a@b/:c",
        "PGHOST": "::1",
        "PGPORT": "6543",
        "PGDATABASE": "shop two",
        "PGSSLMODE": "require",
        "PGCONNECT_TIMEOUT": "7",
    }


def test_what_libpq_cannot_take_is_one_sentence():
    for option in ("keepalives=1", "colour=red"):
        with pytest.raises(psql.NoPsqlError, match=f"{option.split('=')[0]} in DATABASE_URL") as failed:
            psql.environment(sa.make_url(f"postgresql+psycopg://u:secret@h/d?{option}"))
        assert "secret" not in str(failed.value)


def test_no_psql_is_one_sentence(settings, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("WORKSHOP_HOME", str(tmp_path))
    with pytest.raises(psql.NoPsqlError, match="postgresql-client"):
        psql.program(settings)
