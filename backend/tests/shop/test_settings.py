"""Where the settings come from, and what is said when they are wrong."""

import pytest

from shop.settings import SettingsError, load


@pytest.fixture
def env_file(tmp_path):
    path = tmp_path / ".env"
    path.write_text("DATABASE_URL=postgresql://a:b@127.0.0.1:1/workshop\nWORKSHOP_SERVER=embedded\n")
    return path


def test_the_file_is_read(env_file):
    read = load({}, env_file)
    assert (read.database_url.host, read.embedded) == ("127.0.0.1", True)
    assert read.database_url.drivername == "postgresql+psycopg"


def test_the_environment_wins_and_the_files_mark_does_not_go_with_it(env_file):
    read = load({"DATABASE_URL": "postgresql://c@db.example/shop"}, env_file)
    assert (read.database_url.host, read.embedded) == ("db.example", False)


def test_a_mark_beside_the_address_in_the_environment_counts(tmp_path):
    read = load({"DATABASE_URL": "postgresql://c@db/shop", "WORKSHOP_SERVER": "embedded"}, tmp_path / "none")
    assert read.embedded


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("", "DATABASE_URL is not set"),
        ("secret-word", "DATABASE_URL is not an address"),
        ("postgresql://u:secret-word@h:port/d", "DATABASE_URL is not an address"),
        ("mysql://u:p@h/d", "names a mysql database"),
        ("postgresql://u:p@h", "names no database"),
    ],
)
def test_a_wrong_address_is_explained_without_repeating_it(tmp_path, address, words):
    with pytest.raises(SettingsError, match=words) as caught:
        load({"DATABASE_URL": address}, tmp_path / "none")
    assert "secret-word" not in str(caught.value)


def test_other_spellings_of_the_driver_are_understood(tmp_path):
    for name in ("postgres", "postgresql+psycopg2", "postgresql"):
        assert (
            load({"DATABASE_URL": f"{name}://u@h/d"}, tmp_path / "none").database_url.drivername == "postgresql+psycopg"
        )
