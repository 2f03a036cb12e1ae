"""What 0010_embed_documents promises."""

from workshop.checks import Look, schema

CAUSE = "0010 was not applied as it stands in the repository, or somebody changed the schema by hand"
STALE = "it was written or changed after 0010 ran"
BY_HAND = "vectors were changed by hand"

# How a chunk is named: by its key, its file and its heading.
NAMED = "format('%s (%s > %s)', c.id, d.file, c.heading)"
CHUNKS = "chunks c JOIN documents d ON d.id = c.document_id"
EMBEDDED = f"{CHUNKS} JOIN chunk_embeddings e ON e.chunk_id = c.id"


def table(look: Look) -> None:
    """The table stands, with a comment and a vector(768) that is never null."""
    schema.commented_tables(look, ["chunk_embeddings"], CAUSE)
    schema.typed_columns(look, [("chunk_embeddings", "embedding", "vector(768)", True)], CAUSE)


def cascade(look: Look) -> None:
    """Whoever deletes a chunk deletes its vector."""
    found = look.values(
        "SELECT conname::text FROM pg_constraint "
        "WHERE conrelid = to_regclass('chunk_embeddings') AND confrelid = to_regclass('chunks') AND confdeltype = 'c'"
    )
    look.same("foreign key with cascade", found, ["fk_chunk_embeddings_chunk_id_chunks"], CAUSE)


def chunks(look: Look) -> None:
    """Every chunk has a vector."""
    found = look.rows(f"""
        SELECT {NAMED}, e.chunk_id FROM {CHUNKS} LEFT JOIN chunk_embeddings e ON e.chunk_id = c.id ORDER BY c.id
    """)
    _none(look, "no vector of chunk", [name for name, key in found if key is None], STALE)


def texts(look: Look) -> None:
    """Every vector was made from the title, the heading and the body that its chunk has now."""
    found = look.rows(f"""
        SELECT {NAMED}, e.text_md5 = md5(concat_ws(E'\\n', d.title, c.heading, c.body)) FROM {EMBEDDED} ORDER BY c.id
    """)
    _none(look, "the vector of another text stands beside chunk", [name for name, same in found if not same], STALE)


def sizes(look: Look) -> None:
    """Every vector has 768 numbers, and says so."""
    found = look.rows(f"SELECT {NAMED}, vector_dims(e.embedding), e.dimension FROM {EMBEDDED} ORDER BY c.id")
    _none(look, "not 768 numbers: chunk", [name for name, *both in found if both != [768, 768]], BY_HAND)


def lengths(look: Look) -> None:
    """Every vector has length 1, so that the product of two is their cosine."""
    found = look.rows(f"SELECT {NAMED}, vector_norm(e.embedding) FROM {EMBEDDED} ORDER BY c.id")
    _none(look, "not of length 1: chunk", [name for name, length in found if abs(length - 1) > 1e-4], BY_HAND)


def halves(look: Look) -> None:
    """Both halves of a vector are equally long, so that title with heading and body weigh the same."""
    found = look.rows(f"""
        SELECT {NAMED}, vector_norm(subvector(e.embedding, 1, 384)), vector_norm(subvector(e.embedding, 385, 384))
        FROM {EMBEDDED} ORDER BY c.id
    """)
    uneven = [name for name, first, second in found if abs(first - second) > 1e-4]
    _none(look, "halves of different length: chunk", uneven, BY_HAND)


def provenance(look: Look) -> None:
    """All vectors were made by one model, and say by which."""
    found = look.values("SELECT DISTINCT format('%s (%s)', model, provider) FROM chunk_embeddings ORDER BY 1")
    look.expect(len(found) < 2, f"vectors of several models: {'; '.join(found)}", "AI_PROVIDER was changed in between")


def _none(look: Look, what: str, names: list[str], cause: str) -> None:
    """Note a fault that names the first of them, unless there are none."""
    look.expect(not names, f"{what} {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}", cause)
