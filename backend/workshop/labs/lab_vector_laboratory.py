"""Lab: the vector laboratory"""

from __future__ import annotations

import re

from shop.settings import Settings
from workshop import scratch
from workshop.checks import Look
from workshop.labs import exercise
from workshop.labs.looks import HERE, judged

LAB = __name__.rpartition(".")[2]
PASSAGES, REVIEWS = "ix_product_passages_embedding", "ix_review_embeddings_embedding"
USUAL = {"m": 16, "ef_construction": 64}  # what pgvector takes when nothing is said


# -- what is wished -----------------------------------------------------------------------------------------------


def nothing(settings: Settings) -> None:
    """Break nothing: the indexes stand as 0007 built them."""


ORDINARY = '        _nearest("review_embeddings"),\n'
HALF = """        sa.Index(
            "ix_review_embeddings_embedding",
            sa.literal_column("(embedding::halfvec(384))").label("half"),
            postgresql_using="hnsw",
            postgresql_ops={"half": "halfvec_cosine_ops"},
            postgresql_with={"m": 16, "ef_construction": 64},
        ),
"""


def half_in_the_models(settings: Settings) -> None:
    """Let a copy of the shop's models ask for the reviews' index in half precision."""
    scratch.copy_models("embeddings").replace(ORDINARY, HALF)


# -- what is looked at --------------------------------------------------------------------------------------------


@exercise(nothing)
def denser_graph(look: Look) -> None:
    """The passages' HNSW index keeps more neighbours, found among more candidates, under the name it had."""
    options = _hnsw(look, PASSAGES, "embedding vector_cosine_ops")
    if options:
        m, candidates = options["m"], options["ef_construction"]
        told = f"{PASSAGES} has m = {m} and ef_construction = {candidates}"
        look.expect(m > USUAL["m"], told, f"m: more than {USUAL['m']} neighbours are wished")
        look.expect(candidates > USUAL["ef_construction"], told, "ef_construction: more than 64 candidates are wished")
    _alone(look, "product_passages")
    judged(look)


@exercise(half_in_the_models)
def half_precision(look: Look) -> None:
    """The reviews' HNSW index holds 16-bit numbers and is used; the stored vectors are as they were."""
    options = _hnsw(look, REVIEWS, "((embedding)::halfvec(384)) halfvec_cosine_ops")
    if options:
        look.same("options of the index", options.items(), USUAL.items(), "only the precision is to change")
        _used(look)
    kinds = look.values("""
        SELECT format_type(atttypid, atttypmod) FROM pg_attribute
        WHERE attrelid = 'review_embeddings'::regclass AND attname = 'embedding' AND NOT attisdropped
    """)
    look.same("type of review_embeddings.embedding", kinds, ["vector(384)"], "change the index, not what is stored")
    _alone(look, "review_embeddings")
    judged(look)


def _hnsw(look: Look, name: str, on: str) -> dict[str, int]:
    """Return m and ef_construction of a valid HNSW index that is built on this; nothing, and a fault, otherwise."""
    found = look.rows(
        "SELECT pg_get_indexdef(indexrelid), indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)", name=name
    )
    look.expect(bool(found), f"there is no index {name}", "give the new one the name of the old one")
    for definition, valid in found:
        look.expect(valid, f"{name} is invalid", "its build was broken off: drop it and build again")
        kind, options = re.fullmatch(r".* USING (\w+ \(.*?\))(?: WITH \((.*)\))?", definition).groups()  # type: ignore[union-attr]
        look.expect(kind == f"hnsw ({on})", f"{name} is {kind}", f"it should be hnsw ({on}); {HERE}")
        if valid and kind == f"hnsw ({on})":
            return USUAL | {word: int(number) for word, number in re.findall(r"(\w+)='(\d+)'", options or "")}
    return {}


def _used(look: Look) -> None:
    """See that a query in half precision is answered by the index when it may not look at all rows."""
    attempt = look.connection.begin_nested()
    look.values("SELECT set_config('enable_seqscan', 'off', true)")
    plan = look.values("""
        EXPLAIN SELECT FROM review_embeddings ORDER BY embedding::halfvec(384) <=>
        (SELECT embedding::halfvec(384) FROM review_embeddings LIMIT 1) LIMIT 10
    """)
    attempt.rollback()
    look.expect(any(REVIEWS in line for line in plan), f"{REVIEWS} is not used", "is it built on the same expression?")


def _alone(look: Look, table: str) -> None:
    """Note a fault when the table has a second index on its vectors, which every INSERT would have to keep up."""
    names = look.values(
        """
        SELECT indexrelid::regclass::text FROM pg_index
        WHERE indrelid = to_regclass(:table) AND pg_get_indexdef(indexrelid) LIKE '%embedding%_ops%'
        """,
        table=table,
    )
    look.expect(len(names) < 2, f"{table} has {len(names)} indexes on its vectors: {', '.join(names)}",
                "drop the old one when the new one stands")  # fmt: skip
