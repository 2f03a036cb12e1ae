"""Apache AGE for the embedded server: Debian's own package, fetched by the machine's own apt.

The wheel that brings PostgreSQL has no graph extension. Debian's next release has one for the same PostgreSQL; apt
fetches it from the mirror that this machine is set up for and checks its signature, with lists and cache of its own, so
that the machine's are left as they are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

RELEASE = "forky"  # the Debian release that carries AGE for PostgreSQL 18
KEYRINGS = Path("/usr/share/keyrings")
CHOSEN = "WORKSHOP_AGE_DEB"


class NoGraphError(Exception):
    """AGE is not to be had here; the text is the reason, without a full stop."""


@dataclass(frozen=True)
class Package:
    """A Debian package of AGE on this machine: the file and its version."""

    file: Path
    version: str


def chosen() -> Path | None:
    """Return the package that the reader named, if any."""
    named = os.environ.get(CHOSEN)
    return Path(named).expanduser() if named else None


def package(cache: Path, major: int) -> Package:
    """Return the package for a PostgreSQL version: the one named by WORKSHOP_AGE_DEB, a kept one, or a fresh one.

    Raises:
        NoGraphError: there is none.
    """
    name = f"postgresql-{major}-age"
    if named := chosen():
        if not named.is_file():
            raise NoGraphError(f"{CHOSEN} names {named}, and no such file is there")
        return _identified(named, name)
    for kept in sorted(cache.glob(f"{name}_*.deb"), reverse=True):
        try:
            return _identified(kept, name)
        except NoGraphError:
            kept.unlink()  # cut short; fetched again below
    fetched = _fetched(cache, name)
    return _identified(fetched, name)


def _identified(file: Path, name: str) -> Package:
    said = _said("dpkg-deb", "--field", str(file), "Package", "Version")
    fields = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)
    if fields.get("Package") != name:
        raise NoGraphError(f"{file} holds {fields.get('Package', 'no package')}, and {name} is needed")
    return Package(file, fields["Version"])


def _fetched(cache: Path, name: str) -> Path:
    keyring = next(iter(sorted(KEYRINGS.glob("debian-archive-keyring.*"))), None)
    if not shutil.which("apt-get"):
        raise NoGraphError("there is no apt-get here to fetch Debian's package of it")
    if keyring is None:
        raise NoGraphError(f"Debian's signing keys are not in {KEYRINGS}, so its package could not be checked")
    reasons = []
    for mirror in _mirrors():
        with tempfile.TemporaryDirectory(dir=cache, prefix="apt-") as folder:
            try:
                got = _download(Path(folder), mirror, keyring, name)
            except NoGraphError as error:
                reasons.append(str(error))
                continue
            return got.replace(cache / got.name)
    raise NoGraphError(reasons[-1] if reasons else "apt is set up for no Debian mirror")


def _mirrors() -> list[str]:
    """Return the Debian mirrors of this machine's own apt configuration; at most three are tried."""
    said = _said("apt-get", "indextargets", "--format", "$(REPO_URI)|$(ORIGIN)|$(LABEL)", "Created-By: Packages")
    found = []
    for line in said.splitlines():
        uri, origin, label = line.split("|")
        # Without downloaded lists (a container image) origin and label are empty.
        ours = origin in ("Debian", "", "$(ORIGIN)") and label in ("Debian", "", "$(LABEL)")
        if ours and "security" not in uri and not uri.startswith("cdrom:") and uri not in found:
            found.append(uri)
    return found[:3]


def _download(folder: Path, mirror: str, keyring: Path, name: str) -> Path:
    for one in ("lists/partial", "cache/archives/partial"):
        (folder / one).mkdir(parents=True)
    (folder / "sources.list").write_text(f"deb [signed-by={keyring}] {mirror} {RELEASE} main\n")
    options = {
        "Dir::Etc::sourcelist": folder / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "",  # apt's own user could not write in this folder
        "Acquire::Languages": "none",
        "Acquire::Retries": 1,
        "Acquire::http::Timeout": 15,
        "Acquire::https::Timeout": 15,
    }
    apt = ["apt-get", "-qq", *(f"-o{option}={value}" for option, value in options.items())]
    _said(*apt, "update", cwd=folder)
    _said(*apt, "download", name, cwd=folder)
    return next(folder.glob(f"{name}_*.deb"))


def _said(*command: str, cwd: Path | None = None) -> str:
    """Run a command of Debian's and return what it printed."""
    try:
        done = subprocess.run(
            command,
            cwd=cwd or "/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={**os.environ, "LC_ALL": "C"},
            timeout=180,
            check=False,
        )
    except FileNotFoundError:
        raise NoGraphError(f"there is no {command[0]} here") from None
    except subprocess.TimeoutExpired:
        raise NoGraphError(f"{command[0]} was not done after three minutes") from None
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg-deb: error"))]
        why = re.sub(r"^(E|dpkg-deb: error): ", "", lines[0]) if lines else f"exit status {done.returncode}"
        raise NoGraphError(f"{command[0]} said: {why.rstrip('.')}")
    return done.stdout


def add(package: Package, pg: Path, work: Path) -> None:
    """Put AGE from a package into a tree of PostgreSQL's programs (the folder with bin, lib and share).

    Raises:
        NoGraphError: the package is not as expected.
    """
    _said("dpkg-deb", "--extract", str(package.file), str(work))
    library = next(work.glob("usr/lib/postgresql/*/lib/age.so"), None)
    scripts = list(work.glob("usr/share/postgresql/*/extension/age*"))
    if library is None or not scripts:
        raise NoGraphError(f"{package.file.name} does not hold what it used to")
    there = pg / "lib" / "postgresql" / library.name
    shutil.copy(library, there)
    for script in scripts:
        shutil.copy(script, pg / "share" / "postgresql" / "extension" / script.name)
    _lower_glibc(there)


def _lower_glibc(library: Path) -> None:
    """Point the two names that AGE takes from glibc 2.38 at their older twins, which do the same.

    Debian's next release compiles against a newer glibc than the release before has.
    """
    try:
        import lief
    except ImportError:
        return  # a newer system does not need it; on an older one the trial start will tell
    parsed = lief.ELF.parse(str(library))
    if parsed is None:
        raise NoGraphError(f"{library.name} in the package cannot be read")
    for symbol in parsed.dynamic_symbols:
        name = str(symbol.name)
        if name.startswith("__isoc23_strto") and symbol.symbol_version:
            symbol.name = name.removeprefix("__isoc23_")
            symbol.symbol_version.as_global()
    if (libc := parsed.find_version_requirement("libc.so.6")) and (newest := libc.find_aux("GLIBC_2.38")):
        libc.remove_aux_requirement(newest)
    parsed.write(str(library))
