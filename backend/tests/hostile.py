"""300 texts that a careless program takes for something else."""

from __future__ import annotations

import itertools
import random

PIECES = [
    "'", '"', "`", "''", '\\"', "\\", "\\\\", "\\'", "\\n", "\\u0041", "\\u0000", "$", "$$", "$$$", "$cypher$", "$1", "$name", "%", "%s",
    "%%", "%(x)s", ":name", "::vertex", "}::vertex", "]::path", "1::numeric", "{", "}", "{}", "[", "]", "(", ")", ";", "--",
    "//", "/*", "*/", "\n", "\r\n", "\t", "\x01", "\x7f", " ", "\u00a0", "\u2028", "\u202e", "\ufeff", "\ufffd", "é", "é", "ß",
    "🎧", "👩‍👩‍👧", "漢字", "مرحبا", "null", "NULL", "None", "NaN", "Infinity", "true", "undefined", "0", "-1", "1e309", "MATCH (n)",
    "MATCH (n) DETACH DELETE n", "RETURN", "UNWIND", "CREATE (:Hacked)", "DROP TABLE things", "'}) DETACH DELETE n //",
    "$$) AS (a agtype); DROP TABLE things; --", '"})-[:X]->() DELETE n', "<script>alert(1)</script>", "&amp;", "{{7*7}}", "${7*7}",
    "a" * 3000, "",
]  # fmt: skip


def _texts() -> list[str]:
    """Return the pieces themselves, and random joins of two to five of them."""
    chance = random.Random(20261121)
    found = dict.fromkeys(PIECES)
    for length in itertools.cycle((2, 3, 4, 5)):
        if len(found) >= 300:
            return list(found)
        found["".join(chance.choices(PIECES, k=length))] = None
    raise AssertionError


TEXTS = _texts()
