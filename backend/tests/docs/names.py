"""Names that pages use, and what they can be: looked up in the database at head, in the code and in the repository.

A name stands in backticks. What it must be follows from its form:

    a.b               b is a column of the table a, a name in the schema a, a setting of the server, an operation (op.b)
    snake_case        a name in the database or of the server, an exercise, or an identifier of the code or of the page
    UPPER_CASE, Name  a label or an edge of the graph, an environment variable, or an identifier of the code
    with/a/slash      a file or folder of the repository; so is a word with a suffix, such as env.py
    a command         make, workshop, alembic and docker compose: the target, subcommand, options and services

and from the word beside it: "the table `x`", "`x` column", "the service `x`". What exists only for a while, in an earlier
revision or in an exercise, stands in ELSEWHERE with its reason.
"""

from __future__ import annotations

import ast
import builtins
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import click
import nbformat
import sqlalchemy as sa
from alembic.config import CommandLine
from alembic.operations import Operations

import shop.operations  # noqa: F401  registers ours with Alembic
from container_check import compose
from shop.settings import BACKEND, ROOT
from tests.docs.pages import pages, read
from tests.docs.session import commands
from workshop import chain, cli, labs

ELSEWHERE = {
    "0015_add_last_login": "the example of a step that somebody adds",
    "AppData/Local": "a folder of Windows",
    "AZURE_AI": "how Azure writes the name of its extension",
    "PIP_INDEX_URL": "a variable of pip",
    "azure_ai": "an extension of Azure Database for PostgreSQL",
    "example.com": "a host",
    "example.net": "a host",
    "example.org": "a host",
    "https_proxy": "a variable of many programs",
    "pg_temp": "what PostgreSQL calls the schema of a session's temporary tables",
    "pg_trgm": "an extension that the workshop's server does not bring",
    "pip.conf": "a file of pip",
    "products.gift_note": "a column that the exercise lost_revision adds",
    "public.opinions": "a function that the exercise opinions asks for",
    "rds.extensions": "a parameter of a managed server",
    "reviews.word_count": "a column that the exercise expand asks for",
    "shm_size": "a key of compose files",
    "shop_ai.finished": "a table that op.embed makes in Azure's database for its finished work",
    "users.about": "a column that the exercise rename asks for",
    "workshop_kept_1": "a database that a jump has set aside",
}

AZURE = BACKEND / "workshop" / "azure_double" / "functions.sql"  # functions of the documented names
WORD = re.compile(r"[A-Za-z_]\w*")
DOTTED = re.compile(r"([A-Za-z_]\w*)\.([A-Za-z_]\w*)(?:\(.*\))?")
SUFFIXES = "py md ini yaml yml toml json jsonl csv ipynb mako npz sql lock txt sh env css html js".split()
PATH = re.compile(
    rf"(?=.*[A-Za-z_]{{2}})(?:[\w.*@-]+/)+[\w.*-]*|[\w-]*\.?[\w-]+\.(?:{'|'.join(SUFFIXES)})|\.[a-z][\w.-]+"
)
BESIDE = re.compile(
    r"\b(?P<kind>table|column|label|edge|index|constraint|extension|schema|service|exercise|trigger)\s+`(?P<name>\w+)`"
    r"|`(?P<name2>\w+)`\s+(?P<kind2>table|column|label|edge|constraint|extension|schema|service|trigger)\b"
)
COMMANDS = ("make", "workshop", "alembic", "docker")


@dataclass
class Known:
    """What there is. columns: by table; kinds: the names of each kind of thing; words: all that a name can be."""

    columns: dict[str, set[str]] = field(default_factory=dict)
    kinds: dict[str, set[str]] = field(default_factory=dict)
    schemas: dict[str, set[str]] = field(default_factory=dict)
    settings: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    files: frozenset[str] = frozenset()


# -- what there is -----------------------------------------------------------------------------------------------------


def known(connection: sa.Connection) -> Known:
    """Gather what exists in a database at head, on its server, in the code and in the repository."""
    found = Known()
    connection.exec_driver_sql("SELECT '[1]'::vector, ag_catalog.agtype_build_map()")  # their settings come with them
    for schema, table, column in connection.exec_driver_sql(_COLUMNS):
        if schema not in ("pg_catalog", "information_schema"):
            found.columns.setdefault(table, set()).add(column)
        found.words |= {table, column}
        found.schemas.setdefault(schema, set()).add(table)
    for schema, function in connection.exec_driver_sql(_FUNCTIONS):
        found.words.add(function)
        found.schemas.setdefault(schema, set()).add(function)
    for kind, query in _KINDS.items():
        found.kinds[kind] = set(connection.exec_driver_sql(query).scalars())
        found.words |= found.kinds[kind]
    found.settings = set(connection.exec_driver_sql("SELECT name FROM pg_settings").scalars())
    connection.rollback()
    found.kinds["exercise"] = {name for lab in chain.LABS for name in labs.exercises(lab)}
    found.kinds["service"] = set(compose.services())
    found.kinds["label"] |= found.kinds["edge"]
    found.files = frozenset(files())
    for schema, function in re.findall(r"\b(azure_\w+)\.(\w+)", AZURE.read_text(encoding="utf-8")):
        found.schemas.setdefault(schema, set()).add(function)
        found.words |= {schema, function}
    found.words |= (
        found.settings | found.kinds["exercise"] | found.kinds["service"] | identifiers() | stems(found.files)
    )
    return found


_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attnum > 0 AND NOT a.attisdropped
"""
_FUNCTIONS = "SELECT n.nspname, p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
_KINDS = {
    "table": "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v', 'p')",
    "column": "SELECT DISTINCT attname FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped",
    "index": "SELECT relname FROM pg_class WHERE relkind = 'i'",
    "constraint": "SELECT conname FROM pg_constraint",
    "extension": "SELECT name FROM pg_available_extensions",
    "schema": "SELECT nspname FROM pg_namespace",
    "trigger": "SELECT tgname FROM pg_trigger",
    "type": "SELECT typname FROM pg_type",
    "label": "SELECT name FROM ag_catalog.ag_label WHERE kind = 'v' AND NOT starts_with(name, '_ag')",
    "edge": "SELECT name FROM ag_catalog.ag_label WHERE kind = 'e' AND NOT starts_with(name, '_ag')",
    "access method": "SELECT amname FROM pg_am",
}


def files() -> Iterator[str]:
    """Yield the files that git knows or would take, and their folders with a slash at the end."""
    line = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in listed.stdout.splitlines():
        yield name
        yield from (f"{parent.as_posix()}/" for parent in Path(name).parents if parent != Path())


def stems(names: frozenset[str]) -> set[str]:
    return {Path(name).stem for name in names}


def identifiers() -> set[str]:
    """Return the names that the code of the two packages, the chain and their neighbours gives to anything."""
    found: set[str] = set()
    for path in [*BACKEND.glob("[a-su-z]*/**/*.py"), BACKEND / "tests" / "conftest.py"]:
        found |= names_of(path.read_text(encoding="utf-8"))
    for name in (".env.example", "alembic.ini", "scratch.ini", "pyproject.toml", "alembic/script.py.mako"):
        found |= set(WORD.findall((BACKEND / name).read_text(encoding="utf-8")))
    for path in (ROOT / "data").rglob("*.csv"):
        with path.open(encoding="utf-8") as lines:
            found |= set(WORD.findall(next(lines)))
    for name in ("Makefile", "compose.yaml", "mkdocs.yml"):
        if (ROOT / name).exists():
            found |= set(WORD.findall((ROOT / name).read_text(encoding="utf-8")))
    return found


def names_of(text: str) -> set[str]:
    """Return the identifiers of a Python text: what it defines, calls or is given; words of capitals in its texts, too."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        for attribute in ("id", "attr", "arg", "name", "asname"):
            value = getattr(node, attribute, None)
            found |= set(value.split(".")) if isinstance(value, str) else set()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(re.findall(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b", node.value))
            found |= {node.value} if re.fullmatch(r"[\w.]{2,60}", node.value) else set()
    return found


# -- what a page says --------------------------------------------------------------------------------------------------


def texts() -> list[Path]:
    """Return what is looked through: pages, READMEs, notebooks."""
    readmes = [ROOT / "README.md", BACKEND / "README.md", ROOT / "data" / "README.md"]
    return [*pages(), *readmes, *sorted((ROOT / "notebooks").glob("*.ipynb"))]


def prose_of(path: Path) -> tuple[list[tuple[int, str]], set[str]]:
    """Return the lines outside of code, with their numbers, and the words of the code.

    In a notebook a line's number is that of its cell.
    """
    if path.suffix != ".ipynb":
        return _divided(path.read_text(encoding="utf-8"))
    prose: list[tuple[int, str]] = []
    code: set[str] = set()
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells, 1):
        if cell.cell_type == "markdown":
            lines, words = _divided(cell.source)
            prose += [(number, line) for _, line in lines]
            code |= words
        else:
            code |= set(WORD.findall(cell.source))
    return prose, code


def _divided(text: str) -> tuple[list[tuple[int, str]], set[str]]:
    prose, code, fence = [], set[str](), ""
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"[\s>]*(`{3,}|~{3,})", line)
        if fence:
            code |= set(WORD.findall(line))
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            fence = mark[1]
        elif not line.strip().startswith("<!--"):
            prose.append((number, line))
    return prose, code


def wrong_unrun(path: Path, there: Known) -> Iterator[str]:
    """Yield the commands in blocks that are not run whose target, subcommand, option or service does not exist."""
    for block in read(path).blocks:
        if block.language == "console" and block.said("not run"):
            for line in commands(block.text):
                if said := wrong_command(line, there):
                    yield f"{block.place}: `{line}`: {said}"


def exercise_words(lab: str) -> set[str]:
    """Return the words of what a lab plants and of its solutions."""
    folders = [folder / lab for folder in (labs.PLANTED, labs.SOLUTIONS)]
    found = [path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.*")]
    return set(WORD.findall(" ".join(found)))


def wrong_names(path: Path, there: Known) -> Iterator[str]:
    """Yield what a page names and what does not exist, with its line."""
    page = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(path.name)
    prose, code = prose_of(path)
    code |= exercise_words(path.stem)
    for number, line in prose:
        for name in re.findall(r"`([^`]+)`", line):
            if not _elsewhere(name) and (said := wrong(name.strip(), path, there, code)):
                yield f"{page}:{number}: `{name}`: {said}"
        for found in BESIDE.finditer(line):
            kind, name = found["kind"] or found["kind2"], found["name"] or found["name2"]
            if name not in there.kinds[kind] | ELSEWHERE.keys() | code:
                yield f"{page}:{number}: `{name}`: there is no {kind} of that name"


def _elsewhere(name: str) -> bool:
    """Tell whether a name stands in ELSEWHERE, perhaps with arguments, or as the name of a step's file."""
    return bool({name, name.partition("(")[0], re.sub(r"^(test_|s)|\.\w+$", "", name)} & ELSEWHERE.keys())


def wrong(name: str, page: Path, there: Known, code: set[str]) -> str | None:
    """Say what is wrong with a name; None when it exists or its form promises nothing."""
    first = name.split(maxsplit=1)[0] if name else ""
    if first in COMMANDS and "<" not in name and "..." not in name:
        return wrong_command(name, there)
    if PATH.fullmatch(name):
        return None if _is_file(name, page, there) else "there is no such file"
    if dotted := DOTTED.fullmatch(name):
        return _wrong_dotted(*dotted.groups(), there, code)
    bare = re.sub(r"(=\S*|\(.*\))$", "", name)
    if not re.fullmatch(r"[A-Za-z]\w*_\w*[A-Za-z0-9]|[A-Z][a-z]+(?:[A-Z]\w*)?", bare) or bare in code | there.words:
        return None
    return None if hasattr(builtins, bare) else "nothing goes by this name"


def _wrong_dotted(before: str, after: str, there: Known, code: set[str]) -> str | None:
    if before == "op":
        return None if hasattr(Operations, after) else "Alembic has no such operation, and the shop registers none"
    if before in there.columns:
        return None if after in there.columns[before] else f"the table {before} has no such column"
    if before in there.schemas:
        return None if after in there.schemas[before] else f"the schema {before} has nothing of that name"
    if f"{before}.{after}" in there.settings | there.words or {before, after} <= there.words | code:
        return None
    return "there is no table, schema or setting of that name, and the code has no such attribute"


def _is_file(name: str, page: Path, there: Known) -> bool:
    """Tell whether a path is one: from the root, from backend/, from the page, or a file's own name anywhere."""
    name = name.removeprefix("./")
    wanted = {name, *(f"{folder}/{name}" for folder in ("backend", "notebooks", "docs", "data"))}
    if name.removeprefix(".") in SUFFIXES:
        return True  # a kind of file
    if wanted & there.files or {f"{one}/" for one in wanted} & there.files or (page.parent / name).exists():
        return True
    if "/" not in name and any(one.rpartition("/")[2] == name for one in there.files):
        return True
    if "/" in name.rstrip("/") or "*" in name:  # a pattern, or the beginning of the names of several files
        pattern = re.escape(name).replace("NNNN", "[0-9]{4}").replace(r"\*", "[^/]*")
        if any(re.match(f"((backend|data)/)?{pattern}", one) for one in there.files):
            return True
    return any(_ignored(one) or _ignored(f"{one.rstrip('/')}/") for one in wanted)


def _ignored(name: str) -> bool:
    """Tell whether git ignores a path: then it is made by a command, such as backend/.env."""
    return subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=False).returncode == 0


# -- commands ----------------------------------------------------------------------------------------------------------


def wrong_command(line: str, there: Known) -> str | None:
    """Say what is wrong with a command line of ours; None when target, subcommand, options and services exist."""
    try:
        program, *words = shlex.split(line, comments=True)
    except ValueError:
        return None  # a part of a line, not a line
    check = {"make": _wrong_make, "workshop": _wrong_workshop, "alembic": _wrong_alembic, "docker": _wrong_compose}
    return check[program](words, there) if program in check else None


def _wrong_make(words: list[str], _: Known) -> str | None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    asked = [word for word in words if not word.startswith("-") and "=" not in word and word != ".."]
    unknown = [word for word in asked if word not in targets]
    return f"the Makefile has no target {unknown[0]}" if unknown else None


def _wrong_workshop(words: list[str], _: Known) -> str | None:
    command: click.Command = cli.main
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        if words[0] not in command.commands:
            return f"workshop has no command {words[0]}"
        command = command.commands[words.pop(0)]
    if command.ignore_unknown_options:
        return None
    return _unknown_option(words, {option for one in command.params for option in one.opts} | {"--help", "-h"})


def _wrong_alembic(words: list[str], _: Known) -> str | None:
    parser = CommandLine().parser
    subcommands = next(one.choices for one in parser._actions if isinstance(one.choices, dict))
    if words and not words[0].startswith("-") and words[0] not in subcommands:
        return f"alembic has no command {words[0]}"
    parsers = [parser, *(subcommands[word] for word in words[:1] if word in subcommands)]
    return _unknown_option(
        words, {option for one in parsers for action in one._actions for option in action.option_strings}
    )


def _wrong_compose(words: list[str], there: Known) -> str | None:
    if words[:1] != ["compose"] or not there.kinds["service"]:
        return None
    asked = [word for word in words[2:] if not word.startswith("-")]
    asked = asked[:1] if words[1:2] in (["exec"], ["run"]) else asked
    unknown = [word for word in asked if word not in there.kinds["service"]]
    return f"compose.yaml has no service {unknown[0]}" if unknown else None


def _unknown_option(words: list[str], known: set[str]) -> str | None:
    asked = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    unknown = [word for word in asked if word not in known]
    return f"there is no option {unknown[0]}" if unknown else None
