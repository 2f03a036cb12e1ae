"""What 0007_index_embeddings promises."""

import sqlalchemy as sa

from workshop.checks import Look

CAUSE = "0007 was not applied as it stands in the repository, or somebody changed an index by hand"
INDEXES = {
    "ix_product_passages_embedding": "product_passages",
    "ix_review_embeddings_embedding": "review_embeddings",
}


def indexes(look: Look) -> None:
    """Both indexes stand: HNSW, by cosine, with 16 neighbours a row and 64 candidates."""
    found = look.rows(
        "SELECT relname::text, pg_get_indexdef(oid) FROM pg_class WHERE relkind = 'i' AND relname = ANY(:names)",
        names=list(INDEXES),
    )
    wanted = [
        (
            name,
            f"CREATE INDEX {name} ON public.{table} USING hnsw (embedding vector_cosine_ops) "
            "WITH (m='16', ef_construction='64')",
        )
        for name, table in INDEXES.items()
    ]
    look.same("index", map(tuple, found), wanted, CAUSE)


def valid(look: Look) -> None:
    """No index of the two tables is invalid, as a build that was broken off leaves it."""
    found = look.rows(
        "SELECT indexrelid::regclass::text, indisvalid FROM pg_index "
        "WHERE indrelid IN (to_regclass('product_passages'), to_regclass('review_embeddings')) AND NOT indisprimary"
    )
    broken = [name for name, good in found if not good]
    look.expect(
        not broken, f"invalid: {', '.join(broken)}", "run the upgrade again: it drops and builds what is invalid"
    )


def used(look: Look) -> None:
    """The server finds the nearest by each index, when it may not look at all rows."""
    look.connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
    for name, table in INDEXES.items():
        plan = look.values(f"""
            EXPLAIN SELECT FROM {table} ORDER BY embedding <=> (SELECT embedding FROM {table} LIMIT 1) LIMIT 5
        """)
        look.expect(any(name in line for line in plan), f"{name} is not used: {plan[0]}", CAUSE)
