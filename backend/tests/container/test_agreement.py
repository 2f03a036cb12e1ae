"""compose.yaml, the Dockerfiles, devcontainer.json, .env.example and the settings say the same."""

import json
import os

import jsonschema
import pytest
import sqlalchemy as sa

from container_check import compose, dockerfile
from shop import settings
from shop.settings import BACKEND, ROOT
from workshop import chain
from workshop.server import age

DEV = ROOT / ".devcontainer"
SERVICES = compose.services()
SCHEMA = json.loads((DEV / "devcontainer.schema.json").read_text())


@pytest.fixture
def dev():
    return json.loads((DEV / "devcontainer.json").read_text())


@pytest.fixture
def example():
    """What the settings make of a copy of .env.example."""
    return settings.load({}, BACKEND / ".env.example")


def image(service):
    return dockerfile.read(ROOT / SERVICES[service]["build"] / "Dockerfile")


def published(service):
    """(address, port on this machine, port in the container) of each published port."""
    return [tuple(text.split(":")) for text in SERVICES[service].get("ports", [])]


def test_a_copy_of_the_example_reaches_the_service(example):
    given = SERVICES["db"]["environment"]
    url = example.database_url
    assert (url.username, url.password, url.database) == (
        given["POSTGRES_USER"],
        given["POSTGRES_PASSWORD"],
        given["POSTGRES_DB"],
    )
    assert published("db") == [(url.host, str(url.port), "5432")]
    assert not example.embedded, "the workshop would start and stop a server of its own at this address"


def test_the_workspace_reaches_the_service(example):
    here = settings.postgresql_url(SERVICES["workspace"]["environment"]["DATABASE_URL"])
    assert here == example.database_url.set(host="db", port=int(published("db")[0][2]))
    assert SERVICES["workspace"]["depends_on"]["db"] == {"condition": "service_healthy"}
    assert "WORKSHOP_SERVER" not in SERVICES["workspace"]["environment"]


def test_ports_are_published_on_loopback_only():
    every = [port for name in SERVICES for port in published(name)]
    assert every and {address for address, _, _ in every} == {"127.0.0.1"}


def test_another_port_can_be_chosen():
    assert "127.0.0.1:${DB_PORT:-5432}:5432" in compose.FILE.read_text()


def test_the_volume_holds_the_data():
    volume, _, target = SERVICES["db"]["volumes"][0].partition(":")
    assert volume == "data" and image("db").environment["PGDATA"].startswith(f"{target}/")


def test_devcontainer_and_compose_agree(dev):
    assert (DEV / dev["dockerComposeFile"]).resolve() == compose.FILE
    service = SERVICES[dev["service"]]
    assert dev["workspaceFolder"] == image(dev["service"]).last("WORKDIR")
    assert service["volumes"] == [f".:{dev['workspaceFolder']}"]
    assert dev["remoteUser"] == image(dev["service"]).last("USER") != "root"


def test_every_forwarded_port_has_a_label(dev):
    assert f"db:{published('db')[0][2]}" in dev["forwardPorts"]
    assert {str(port) for port in dev["forwardPorts"]} == set(dev["portsAttributes"])


def test_the_graphical_client_has_the_same_connection(dev, example):
    (one,) = dev["customizations"]["vscode"]["settings"]["pgsql.connections"]
    url = sa.URL.create(
        "postgresql+psycopg", one["user"], one["password"], one["server"], int(one["port"]), one["database"]
    )
    assert url == settings.postgresql_url(SERVICES["workspace"]["environment"]["DATABASE_URL"])
    assert "ms-ossdata.vscode-pgsql" in dev["customizations"]["vscode"]["extensions"]


def test_what_devcontainer_names_is_there(dev):
    assert os.access(ROOT / dev["postCreateCommand"], os.X_OK)
    assert all((ROOT / name).exists() for name in dev["customizations"]["codespaces"]["openFiles"])
    assert f"notebooks/{chain.START}.ipynb" in dev["customizations"]["codespaces"]["openFiles"]
    interpreter = dev["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert interpreter == "${containerWorkspaceFolder}/.venv/bin/python"


def test_post_create_ends_with_the_doctor():
    lines = (DEV / "post-create").read_text().split("\n")
    assert [line for line in lines if line.strip()][-2:] == ["make setup", "exec make doctor"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_run_as_somebody_else_than_root(name):
    assert image(name).last("USER") not in ("", "root", "0")


def test_the_database_comes_from_the_release_that_carries_all_three():
    assert image("db").release == age.RELEASE
    assert image("db").packages == ["postgresql-18", "postgresql-18-age", "postgresql-18-pgvector"]


def test_what_the_dockerfiles_copy_is_there():
    for name in SERVICES:
        folder = ROOT / SERVICES[name]["build"]
        for words in image(name).all("COPY"):
            *files, _ = [word for word in words.split() if not word.startswith("--")]
            assert [file for file in files if not (folder / file).is_file()] == []


def test_the_health_check_is_the_image_s_own():
    kind, program = SERVICES["db"]["healthcheck"]["test"]
    assert kind == "CMD" and program == "/usr/local/bin/healthcheck"
    assert any("healthcheck /usr/local/bin/" in words for words in image("db").all("COPY"))


# -- the schema of devcontainer.json: a narrow one of our own ---------------------------------------------------------


def broken(**changes):
    return {**json.loads((DEV / "devcontainer.json").read_text()), **changes}


def test_devcontainer_fits_its_schema(dev):
    jsonschema.Draft201909Validator.check_schema(SCHEMA)
    jsonschema.validate(dev, SCHEMA)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"forwardPort": [5432]}, "forwardPort"),
        ({"forwardPorts": ["db"]}, "'db' does not match"),
        ({"remoteUser": "root"}, "root"),
        ({"shutdownAction": "stopContainer"}, "stopContainer"),
        ({"hostRequirements": {"memory": "4 GB"}}, "4 GB"),
        ({"portsAttributes": {"8888": {}}}, "label"),
        ({"waitFor": "postAttachCommand"}, "postAttachCommand"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_schema_finds_a_mistake(changes, said):
    with pytest.raises(jsonschema.ValidationError, match=said):
        jsonschema.validate(broken(**changes), SCHEMA)


# -- reading a Dockerfile ---------------------------------------------------------------------------------------------


def test_a_dockerfile_is_read(tmp_path):
    file = tmp_path / "Dockerfile"
    file.write_text(
        "# a comment\nFROM debian:forky-slim\nRUN apt-get update \\\n    # why\n    && apt-get install --yes \\\n"
        "        one two \\\n    && rm -rf x\nENV A=1 \\\n    PATH=/b:$PATH\nUSER me\n"
    )
    read = dockerfile.read(file)
    assert read.release == "forky" and read.packages == ["one", "two"] and read.last("USER") == "me"
    assert read.environment["A"] == "1" and read.environment["PATH"].startswith("/b:/usr/local/sbin:")


def test_an_instruction_that_cannot_be_carried_out_is_an_error(tmp_path):
    file = tmp_path / "Dockerfile"
    file.write_text("FROM debian:forky-slim\nADD https://example.org/x /x\n")
    with pytest.raises(ValueError, match=r"Dockerfile uses ADD"):
        dockerfile.read(file)
