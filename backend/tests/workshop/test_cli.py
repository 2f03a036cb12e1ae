"""The commands as a learner types them, in a copy of the repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workshop import beside, steps

DRAFT = """
from pathlib import Path

revision = "mine"
down_revision = "0001_create_sample_table"
branch_labels = depends_on = None


def upgrade():
    pass


def downgrade():
    Path("GONE").touch()
"""


def test_up_and_down_shows_what_changed(settings, clone):
    up = clone.run("upgrade", "0002")
    assert up.returncode == 0 and "+ table products" in up.stdout
    assert "The database is at 0002_create_catalog." in up.stdout
    assert "- table products" in clone.run("downgrade", "--", "-1").stdout
    assert clone.run("upgrade", "+1").returncode == 0
    assert "4 of 4 kept" in clone.run("check").stdout


def test_goto_status_and_return(settings, clone):
    clone.run("upgrade", "0001")
    from shop import database

    with database.connect(settings) as connection:
        connection.exec_driver_sql("INSERT INTO sample (name) VALUES ('mine')")
        connection.commit()
    gone = clone.run("goto", "base")
    assert "The database is at base." in gone.stdout and "workshop return 1" in gone.stdout
    assert "kept" in clone.run("status").stdout
    assert "The database is at 0001_create_sample_table." in clone.run("return", "1").stdout


def test_reset_asks(settings, clone):
    clone.run("upgrade", "0001")
    refused = clone.run("reset")
    assert refused.returncode != 0
    assert "0001_create_sample_table" in clone.run("status").stdout
    assert "is empty" in clone.run("reset", "--yes").stdout


def test_reset_removes_the_drafts_after_their_own_downgrade(settings, clone, tmp_path, monkeypatch):
    drafts = tmp_path / "drafts"
    drafts.mkdir()
    monkeypatch.setenv("WORKSHOP_SCRATCH", str(drafts))
    clone.environment["WORKSHOP_SCRATCH"] = str(drafts)
    draft = DRAFT.replace("GONE", str(tmp_path / "undone"))
    (drafts / "mine.py").write_text(draft, encoding="utf-8")
    clone.run("upgrade", "0001")
    beside.upgrade(settings)
    assert "draft        mine.py" in clone.run("status").stdout
    assert "is empty" in clone.run("reset", "--yes").stdout
    assert (tmp_path / "undone").exists() and list(drafts.glob("*.py")) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://u:secret@127.0.0.1:1/workshop", "Connection refused: no PostgreSQL listens at 127.0.0.1:1"),
        ("nonsense", "DATABASE_URL is not an address"),
        ("sqlite:///x.db", "runs on PostgreSQL only"),
    ],
)
@pytest.mark.parametrize("command", [["status"], ["upgrade"], ["walk"]])
def test_a_wrong_address_is_one_sentence(clone, address, words, command):
    clone.environment.update(DATABASE_URL=address, WORKSHOP_SERVER="")
    done = clone.run(*command)
    assert done.returncode != 0
    assert words in done.stderr and "Traceback" not in done.stderr and "secret" not in done.stderr


def test_plain_alembic_says_the_same(clone):
    clone.environment.update(DATABASE_URL="postgresql://u:secret@127.0.0.1:1/workshop", WORKSHOP_SERVER="")
    done = subprocess.run(
        [Path(sys.executable).with_name("alembic"), "upgrade", "head"],
        cwd=clone.root / "backend",
        env=clone.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    said = done.stdout + done.stderr
    assert "FAILED: Connection refused" in said and "Traceback" not in said and "secret" not in said


def test_a_foreign_database_is_kept(settings, clone):
    clone.environment["DATABASE_URL"] = settings.database_url.set(database="postgres").render_as_string(
        hide_password=False
    )
    for words in (["goto", "base"], ["reset", "--yes"], ["downgrade", "base"]):
        done = clone.run(*words)
        assert done.returncode != 0 and "add: --database postgres" in done.stderr


def test_stop_leaves_somebody_elses_server_alone(settings, clone):
    done = clone.run("stop")
    assert done.returncode != 0 and "is not the workshop's own" in done.stderr


def test_every_command_explains_itself(clone):
    listed = clone.run("--help").stdout
    for name in (
        "address",
        "azure-double",
        "check",
        "doctor",
        "downgrade",
        "drafts",
        "goto",
        "refresh",
        "reset",
        "return",
        "review",
        "start",
        "status",
        "stop",
        "upgrade",
        "walk",
    ):
        assert f"  {name} " in listed
        assert clone.run(name, "--help").returncode == 0


@pytest.mark.parametrize(
    ("plant", "words"),
    [
        (lambda data: (data / "products.csv").unlink(), "data/products.csv is missing"),
        (lambda data: (data / "products.csv").write_text(""), "data/products.csv is empty"),
        (lambda data: (data / "products.csv").write_text("a,b\n1,2\n"), "has the header 'a,b'"),
        (lambda data: (data / "products.csv").write_bytes(b"\xff\xfe\n"), "is not UTF-8"),
    ],
)
def test_a_broken_export_stops_the_upgrade_with_a_sentence_and_changes_nothing(settings, clone, plant, words):
    shutil.copytree(clone.root / "data", clone.root / "given")
    plant(clone.root / "given")
    clone.environment["SHOP_DATA"] = str(clone.root / "given")
    done = clone.run("upgrade", "head")
    assert done.returncode != 0 and words in done.stderr and "Traceback" not in done.stderr

    assert steps.current(settings) == "0002_create_catalog"
