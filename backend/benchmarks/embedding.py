"""The local provider against sentence-transformers with torch: the same texts, the same weights, in one run.

The other library takes a virtual environment of its own, build/reference, which is made on the first run from
benchmarks/reference.txt. Each side runs in a process of its own, in turn with the other, as often as ROUNDS says. The
model is loaded and has worked once before the clock starts. Where pip's usual torch brings libraries for graphics
cards, give pip the place of torch's CPU builds first: 1.4 GB instead of several times as much.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import Line
from shop import database
from shop.ai import weights
from shop.settings import BACKEND, ROOT
from workshop import checkpoints, server, steps

ROUNDS = 3
LEAST, MOST = 1.5, 450  # times the other's rate; megabytes of 2^20 bytes
REFERENCE = ROOT / "build" / "reference"
HERE = Path(__file__).parent
TEXTS = """
    SELECT text FROM (SELECT 1 AS kind, product_id, position, text FROM product_passages
                      UNION ALL SELECT 2, product_id, id, concat_ws(E'\n', title, body) FROM reviews) AS texts
    ORDER BY kind, product_id, position
"""

OURS = """
from shop.ai.local import Local
model = Local()
embed = model.compute
"""
THEIRS = """
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
reader = Transformer({folder!r}, max_seq_length=256)
modules = [reader, Pooling(reader.get_embedding_dimension(), "mean"), Normalize()]
model = SentenceTransformer(modules=modules, device="cpu")
embed = lambda texts: model.encode(texts, batch_size=32, show_progress_bar=False)
"""
CLOCK = """
import json, pathlib, resource, sys, time
import numpy
texts = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
embed(texts[:32])
started, worked = time.perf_counter(), time.process_time()
vectors = embed(texts)
seconds, work = time.perf_counter() - started, time.process_time() - worked
numpy.save(sys.argv[2], vectors)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
print(json.dumps([seconds, work, peak]))
"""


def measure() -> list[Line]:
    """Measure both sides on the texts that 0006 embeds."""
    make_reference()
    texts = the_texts()
    theirs = THEIRS.format(folder=str(weights.require()))
    sides = {"ours": (Path(sys.executable), OURS), "theirs": (REFERENCE / "bin" / "python", theirs)}
    rates: dict[str, list[float]] = {name: [] for name in sides}
    works: dict[str, list[float]] = {name: [] for name in sides}
    peaks: dict[str, float] = {}
    made: dict[str, np.ndarray] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "texts.json"
        path.write_text(json.dumps(texts), encoding="utf-8")
        for _ in range(ROUNDS):
            for name, (python, program) in sides.items():
                seconds, work, peak = _run(python, program + CLOCK, path, Path(folder) / f"{name}.npy")
                rates[name].append(len(texts) / seconds)
                works[name].append(work)
                peaks[name] = max(peak / 2**20, peaks.get(name, 0))
                made[name] = np.load(Path(folder) / f"{name}.npy")
                print(f"   {name:7} {len(texts) / seconds:6.0f} texts/s, {peak / 2**20:4.0f} MB", flush=True)
    rate = {name: statistics.median(found) for name, found in rates.items()}
    alike = float((made["ours"] * made["theirs"]).sum(axis=1).min())
    less = statistics.median(works["theirs"]) / statistics.median(works["ours"])
    said = f"{rate['ours']:.0f} against {rate['theirs']:.0f} texts/s; by the processor's own time {less:.2f} times"
    other = f"sentence-transformers: {peaks['theirs']:.0f} MB"
    return [
        Line(
            "embedding, times the rate of sentence-transformers", rate["ours"] / rate["theirs"], least=LEAST, said=said
        ),
        Line("embedding, peak memory", peaks["ours"], "MB", most=MOST, said=other),
        Line("embedding, least cosine with sentence-transformers' vectors", alike, least=0.9999),
    ]


def make_reference() -> None:
    """Make the environment of the other library, once."""
    ready = REFERENCE / ".ready"
    if ready.exists() and ready.stat().st_mtime >= (HERE / "reference.txt").stat().st_mtime:
        return
    print("   making build/reference (1.4 GB, some minutes, once)", flush=True)
    subprocess.run([sys.executable, "-m", "venv", str(REFERENCE)], check=True)
    install = [str(REFERENCE / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    for line in (HERE / "reference.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            subprocess.run([*install, line], check=True)
    ready.touch()


def the_texts() -> list[str]:
    """Return the texts that 0006 embeds: the passages of the products, then the reviews."""
    settings = server.ensure()
    place = replace(settings, database_url=settings.database_url.set(database="workshop_bench"))
    checkpoints.replace(place, checkpoints.ensure(settings, "0006_embed_catalog", steps.upgrade))
    with database.connect(place) as connection:
        texts = list(connection.exec_driver_sql(TEXTS).scalars())
    checkpoints.drop(place)
    return texts


def _run(python: Path, program: str, *arguments: Path) -> tuple[float, float, float]:
    """Run one side; return its seconds, the processor's seconds of all its threads, and its peak memory in bytes."""
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "true"}
    done = subprocess.run([str(python), "-c", program, *map(str, arguments)], cwd=BACKEND, env=offline,
                          capture_output=True, text=True, check=False)  # fmt: skip
    if done.returncode:
        sys.exit(f"{python} failed:\n{done.stderr}")
    seconds, work, peak = json.loads(done.stdout.splitlines()[-1])
    return seconds, work, peak
