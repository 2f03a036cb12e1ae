"""What 0011_index_documents promises."""

import sqlalchemy as sa

from workshop.checks import Look

NAME = "ix_chunk_embeddings_embedding"
CAUSE = "0011 was not applied as it stands in the repository, or somebody changed the index by hand"
# Built 40 times each: one list holds 67 to 83 in 100 of the ten nearest when the centres were learned from the rows,
# and 26 to 42 when they were not.
SHARE = 0.55

NEAREST = """
    SELECT a.chunk_id, near.chunk_id FROM chunk_embeddings a CROSS JOIN LATERAL (
        SELECT chunk_id FROM chunk_embeddings n ORDER BY n.embedding <=> a.embedding LIMIT 10) AS near
"""


def index(look: Look) -> None:
    """The index stands: IVFFlat, by cosine, with 15 lists."""
    found = look.values("SELECT pg_get_indexdef(oid) FROM pg_class WHERE oid = to_regclass(:name)", name=NAME)
    wanted = (
        f"CREATE INDEX {NAME} ON public.chunk_embeddings USING ivfflat (embedding vector_cosine_ops) WITH (lists='15')"
    )
    look.same("index", found, [wanted], CAUSE)


def valid(look: Look) -> None:
    """No index of the table is invalid, as a build that was broken off leaves it."""
    found = look.rows(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index "
        "WHERE indrelid = to_regclass('chunk_embeddings') AND NOT indisprimary"
    )
    broken = [name for name, good in found if not good]
    look.expect(
        not broken, f"invalid: {', '.join(broken)}", "run the upgrade again: it drops and builds what is invalid"
    )


def used(look: Look) -> None:
    """The server finds the nearest by the index, when it may not look at all rows."""
    look.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    plan = look.values("""
        EXPLAIN SELECT FROM chunk_embeddings
        ORDER BY embedding <=> (SELECT embedding FROM chunk_embeddings LIMIT 1) LIMIT 5
    """)
    look.expect(any(NAME in line for line in plan), f"{NAME} is not used: {plan[0]}", CAUSE)


def learned(look: Look) -> None:
    """The lists were learned from the rows: the nearest list alone has most of the ten nearest chunks."""
    look.connection.execute(sa.text("SET LOCAL enable_indexscan = off"))
    exact = set(map(tuple, look.rows(NEAREST)))
    look.connection.execute(sa.text("SET LOCAL enable_indexscan = on"))
    look.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    look.connection.execute(sa.text("SET LOCAL ivfflat.probes = 1"))
    found = exact & set(map(tuple, look.rows(NEAREST)))
    look.expect(
        len(found) >= SHARE * len(exact),
        f"one list finds {len(found)} of {len(exact)} neighbours",
        f"the index was built before the rows came: REINDEX INDEX CONCURRENTLY {NAME}",
    )
