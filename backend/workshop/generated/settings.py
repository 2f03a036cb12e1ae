"""The reference of the settings: every variable of the environment that the code reads, and what Alembic is told.

A variable that is read and not described here has no line on the page, and tests/workshop/test_generated.py names it.
"""

from __future__ import annotations

import ast
import configparser
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from shop.settings import BACKEND
from workshop.generated.markdown import code, link, plain, table

# Name: (what counts when it is not set, what it says).
VARIABLES = {
    "DATABASE_URL": (
        "the address in `backend/.env`; without that, `workshop start` writes one",
        "Where the database is: `postgresql://user:password@host:5432/name`. The driver is always psycopg 3, whatever "
        "the address says. Set in the environment, it wins over the file.",
    ),
    "WORKSHOP_SERVER": (
        "the server is somebody else's",
        "`embedded` says that the server at this address is the workshop's own, so that the workshop may start, move "
        "and stop it. It counts only beside the `DATABASE_URL` it was written with.",
    ),
    "WORKSHOP_HOME": (
        "`agenticshop-workshop` in the platform's folder for data; `/var/lib` for root",
        "The folder of the embedded server's programs and data.",
    ),
    "WORKSHOP_AGE_DEB": (
        "the package is fetched",
        "A file with Debian's package `postgresql-18-age`, for a machine that cannot fetch it.",
    ),
    "WORKSHOP_RECORD": (
        "`backend/.record.json`",
        "The file in which your predictions and checks are noted. `make walk` names another one, so that a walk is not "
        "taken for your progress.",
    ),
    "WORKSHOP_SCRATCH": (
        "`backend/scratch`",
        "The folder of your drafts. `make walk` names another one here, too.",
    ),
    "SHOP_DATA": (
        "`data`",
        "The folder of the export that the seeds load. A database made from other files is another one: its checks "
        "fail, and say where.",
    ),
    "SHOP_MODELS": (
        "`models` in the folder of `WORKSHOP_HOME`",
        "The folder of the models and of their finished work; an absolute path.",
    ),
    "AI_PROVIDER": (
        "`local`",
        "Who computes vectors and reads reviews: `local`, a model on this machine, or `azure`, in the database by the "
        "extension `azure_ai`.",
    ),
    "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": ("needed for `azure`", "The name of your deployment of an embedding model."),
    "AZURE_OPENAI_CHAT_DEPLOYMENT": ("needed for `azure`", "The name of your deployment of a chat model."),
    "AZURE_OPENAI_ENDPOINT": (
        "what an administrator has set in the database",
        "The address of Azure OpenAI. It becomes a setting of `azure_ai`; give it together with the key, or neither.",
    ),
    "AZURE_OPENAI_KEY": (
        "what an administrator has set in the database",
        "Its key. It is written into no SQL text and no log.",
    ),
    "AZURE_LANGUAGE_ENDPOINT": (
        "what an administrator has set in the database",
        "The address of Azure AI Language, in the same way.",
    ),
    "AZURE_LANGUAGE_KEY": ("what an administrator has set in the database", "Its key."),
    "ALEMBIC_CONFIG": (
        "`alembic.ini`",
        "Which configuration Alembic reads. `scratch.ini` shows it your drafts, too; `%alembic --scratch` and the labs "
        "set it for the command they start.",
    ),
    "XDG_DATA_HOME": ("`~/.local/share`", "The platform's folder for data on Linux, for an ordinary user."),
    "LOCALAPPDATA": ("`AppData/Local` in your home", "The same on Windows."),
    "WORKSHOP_PICTURE": ("no picture", "`1` has the test of the notebooks in a browser store the picture it takes."),
}  # fmt: skip
# Set for, or handed on to, a program that is started; nothing here depends on what they say.
FOR_OTHERS = {"LC_ALL", "PATH", "PGDATA", "HF_HUB_OFFLINE", "TOKENIZERS_PARALLELISM", "NO_MKDOCS_2_WARNING"}

_NAME = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")
_TOUCHES = re.compile(r"\benviron\b|\bgetenv\b|\bdotenv\b|\bdotenv_values\b|environment_of")
_NOT_CODE = ("review/bad", "review/good", "labs/planted", "labs/solutions")  # revisions as examples, never run by us


def read() -> dict[str, list[Path]]:
    """Return the variables of the environment that the code in backend/ names, with the files that do.

    In a module that touches the environment every constant that looks like a variable's name counts, since a name may
    come there by way of a table. In a test, which sets many for the code, only what it reads itself counts.
    """
    found: dict[str, list[Path]] = defaultdict(list)
    for path in sorted(BACKEND.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        place = path.relative_to(BACKEND).as_posix()
        if any(part in place for part in _NOT_CODE) or not _TOUCHES.search(text) or path == Path(__file__):
            continue
        tree = ast.parse(text)
        names = set(_read(tree)) if place.startswith("tests/") else {*_read(tree), *_names(tree)}
        for name in sorted(names - FOR_OTHERS):
            found[name].append(path)
    return dict(found)


def _read(tree: ast.AST) -> Iterator[str]:
    """Yield what is read by os.environ["..."], os.environ.get("...") and os.getenv("...")."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and "environ" in ast.unparse(node.value):
            key = node.slice
        elif isinstance(node, ast.Call) and node.args and re.search(r"environ\.get$|getenv$", ast.unparse(node.func)):
            key = node.args[0]
        else:
            continue
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
            yield node.value


def variables(page: Path) -> str:
    """Return every variable: what it says, what counts without it, where it is read."""
    where = read()
    rows = []
    for name, (default, meaning) in VARIABLES.items():
        files = [path for path in where.get(name, []) if "tests" not in path.parts] or where.get(name, [])
        links = ", ".join(link(page, path, path.relative_to(BACKEND).as_posix()) for path in files)
        rows.append([code(name), meaning, default, links or "Alembic itself"])
    return table(["variable", "what it says", "when it is not set", "read in"], rows)


def alembic(page: Path) -> str:
    """Return the settings in alembic.ini and scratch.ini, and the limits in env.py."""
    blocks = []
    for name in ("alembic.ini", "scratch.ini"):
        parser = configparser.RawConfigParser()
        parser.read(BACKEND / name, encoding="utf-8")
        rows = [[code(key), code(" ".join(value.split()))] for key, value in parser["alembic"].items()]
        blocks += [f"In {link(page, BACKEND / name, f'backend/{name}')}:\n", table(["setting", "value"], rows)]
    env = BACKEND / "alembic" / "env.py"
    limits = re.findall(r"^([A-Z_]+) = (\S+)  # (.+)$", env.read_text(encoding="utf-8"), re.MULTILINE)
    blocks += [
        f"In {link(page, env, 'backend/alembic/env.py')}:\n",
        table(
            ["constant", "value", "what it is"],
            [[code(name), code(value), plain(said)] for name, value, said in limits],
        ),
    ]
    return "\n".join(blocks)
