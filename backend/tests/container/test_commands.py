"""Every command that the texts and the workflows name is there: make targets, compose services, scripts."""

import json
import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml

from container_check import compose
from shop.settings import BACKEND, ROOT

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", MAKEFILE, re.M))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
# Options of docker compose whose value is the next word.
WITH_VALUE = {"-f", "--file", "-p", "--project-name", "-e", "--env", "-u", "--user", "-w", "--workdir", "-n", "--tail"}
OF_SERVICES = {"up", "exec", "run", "logs", "restart", "start", "stop", "build", "ps", "rm", "kill", "port", "pull"}
OF_ALL = {"down", "config", "version", "ls"}


def texts():
    """(name, text) of everything a reader types from: pages, readmes, notebooks, workflows."""
    pages = [ROOT / "README.md", BACKEND / "README.md", *ROOT.glob(".devcontainer/*.md"), *ROOT.glob("docs/**/*.md")]
    for path in (*pages, *WORKFLOWS, BACKEND / ".env.example", ROOT / ".ci" / "run"):
        yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path.name, "\n".join("".join(cell["source"]) for cell in cells)


TEXTS = dict(texts())


def commands(text, program):
    """Return what follows the program's name: in inline code, and on lines that begin with it."""
    inline = re.findall(rf"`([A-Z_]+=\S+ )*{program}( [^`\n]*)?`", text)
    lines = re.findall(rf"^\s*(?:- )?(?:run: )?((?:[A-Z_]+=\S+ )*){program}( .*)?$", text, re.M)
    return [rest.strip() for _, rest in (*inline, *lines)]


def make_targets(text):
    """The targets among the words of each make command; `make <target>` and prose name none."""
    for rest in commands(text, "make"):
        for word in rest.partition("#")[0].split():
            if re.fullmatch(r"[a-z][a-z-]*", word):
                yield word


def compose_problem(rest):
    """Return what is wrong with a docker compose command, if anything."""
    words, file, plain = iter(shlex.split(rest, comments=True)), compose.FILE, []
    for word in words:
        if word in WITH_VALUE:
            value = next(words, "")
            file = ROOT / value if word in ("-f", "--file") else file
        elif not word.startswith("-"):
            plain.append(word)
    if not file.is_file():
        return f"there is no {file.name}"
    if not plain or plain[0] not in OF_SERVICES | OF_ALL:
        return f"docker compose has no command {plain[:1]}"
    named = plain[1:2] if plain[0] in ("exec", "run", "port") else plain[1:]
    if plain[0] in OF_ALL:
        return f"{plain[0]} takes no service" if named else None
    if plain[0] in ("exec", "run") and not named:
        return f"{plain[0]} needs a service"
    unknown = [name for name in named if name not in compose.services()]
    return f"compose.yaml has no service {', '.join(unknown)}" if unknown else None


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if "make" in text])
def test_every_make_target_that_is_named_exists(name):
    assert sorted(set(make_targets(TEXTS[name])) - TARGETS) == []


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if "docker compose" in text])
def test_every_compose_command_names_a_file_and_a_service_that_exist(name):
    found = commands(TEXTS[name], "docker compose")
    assert found, f"{name} speaks of docker compose in a form that this test does not read"
    assert [(rest, problem) for rest in found if rest and (problem := compose_problem(rest))] == []


@pytest.mark.parametrize(
    "rest",
    [
        "up -d database",
        "-f docker-compose.yml up -d db",
        "exec psql -U workshop",
        "exec -T",
        "logs web",
        "begin db",
        "down db",
    ],
)
def test_a_wrong_compose_command_is_found(rest):
    assert compose_problem(rest)


@pytest.mark.parametrize(
    "rest",
    [
        "up -d db",
        "exec -T db psql -U workshop -c 'SELECT 1'",
        "-f compose.yaml logs --tail 20 db  # the last lines",
        "down --volumes",
        "up --detach --wait",
    ],
)
def test_a_right_compose_command_is_let_through(rest):
    assert compose_problem(rest) is None


def test_commands_are_found_in_code_and_not_in_prose():
    text = "Make sure. `make walk` and `make PYTHON=python3 lab`.\n\n    make check\n- run: make docs\nmake sense of it"
    assert {"walk", "lab", "check", "docs"} <= set(make_targets(text))
    assert commands("`DB_PORT=5433 docker compose up -d db`", "docker compose") == ["up -d db"]
    assert commands("  docker compose exec db pg_isready\n", "docker compose") == ["exec db pg_isready"]


# -- workflows and hooks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_few_rights_and_fixed_actions(path):
    text = path.read_text()
    read = yaml.safe_load(text)
    assert read["permissions"] == {"contents": "read"}
    assert "secrets." not in text and "pull_request_target" not in text
    for job in read["jobs"].values():
        assert job["timeout-minutes"] <= 90
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", step["uses"]), step["uses"]
    assert len(re.findall(r"uses: \S+ # v\d+\.\d+\.\d+$", text, re.M)) == text.count("uses:")


def test_only_the_publication_may_write():
    jobs = {
        job: spec.get("permissions")
        for path in WORKFLOWS
        for job, spec in yaml.safe_load(path.read_text())["jobs"].items()
    }
    assert {job: rights for job, rights in jobs.items() if rights} == {
        "publish": {"pages": "write", "id-token": "write"}
    }


def test_the_hooks_are_local_and_do_what_make_check_does():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.M)[0]
    for tool in ("ruff check", "ruff format --check", "mypy", "nbstripout --verify", "workshop.generated --check"):
        assert tool in recipe and any(tool in hook["entry"] for hook in hooks), tool
    assert " validate" in recipe and any(hook["entry"].endswith(" validate") for hook in hooks)


def test_every_shell_script_is_looked_at():
    here = (*ROOT.glob(".devcontainer/**/*"), *ROOT.glob(".ci/*"))
    scripts = [path for path in here if path.is_file() and re.match(rb"#!.*sh\n", path.read_bytes())]
    named = re.search(r"^SCRIPTS := (.*)$", MAKEFILE, re.M)[1].split()
    assert sorted(path.relative_to(ROOT).as_posix() for path in scripts) == sorted(named)
    assert all(os.access(path, os.X_OK) for path in scripts)


def test_check_container_says_what_is_missing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "container_check"],
        cwd=BACKEND,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "debootstrap is missing: apt-get install debootstrap" in done.stderr
    assert "Traceback" not in done.stderr
