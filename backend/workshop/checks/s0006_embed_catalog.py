"""What 0006_embed_catalog promises."""

from workshop.checks import Look

CAUSE = "0006 was not applied as it stands in the repository, or somebody changed the schema by hand"
STALE = "it was written or changed after 0006 ran"
TABLES = ["product_passages", "review_embeddings"]


def tables(look: Look) -> None:
    """Both tables stand, each with a comment and a vector(384) that is never null."""
    found = look.rows(
        "SELECT c.relname::text, obj_description(c.oid, 'pg_class'), format_type(a.atttypid, a.atttypmod), "
        "a.attnotnull FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'embedding' "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(:names)",
        names=TABLES,
    )
    look.same("table", (row[0] for row in found), TABLES, CAUSE)
    look.same("comment on", (row[0] for row in found if row[1]), (row[0] for row in found), CAUSE)
    vectors = [(name, "vector(384)", True) for name, *_ in found]
    look.same("vector column", ((row[0], row[2], row[3]) for row in found), vectors, CAUSE)


def passages(look: Look) -> None:
    """Every product has passages, numbered from 1 without a gap, and each is short enough to be read whole."""
    found = look.rows("""
        SELECT p.id, count(s.position), max(s.position), max(length(s.text))
        FROM products p LEFT JOIN product_passages s ON s.product_id = p.id GROUP BY p.id ORDER BY p.id
    """)
    without = [str(key) for key, number, *_ in found if not number]
    look.expect(not without, f"no passage of product {', '.join(without[:5])}", STALE)
    gaps = [str(key) for key, number, highest, _ in found if number and number != highest]
    look.expect(not gaps, f"a passage is missing of product {', '.join(gaps[:5])}", "rows were deleted")
    long = [str(key) for key, number, _, length in found if number and length > 1200]
    look.expect(not long, f"a passage is too long of product {', '.join(long[:5])}", "texts were changed by hand")


def reviews(look: Look) -> None:
    """Every review has a vector, made from the text that it has now."""
    found = look.rows("""
        SELECT r.id, e.text_md5, md5(concat_ws(E'\\n', r.title, r.body))
        FROM reviews r LEFT JOIN review_embeddings e ON e.review_id = r.id ORDER BY r.id
    """)
    without = [str(key) for key, made_of, _ in found if made_of is None]
    look.expect(not without, f"no vector of review {', '.join(without[:5])}", STALE)
    other = [str(key) for key, made_of, now in found if made_of not in (None, now)]
    look.expect(not other, f"the vector of another text stands beside review {', '.join(other[:5])}", STALE)


def lengths(look: Look) -> None:
    """Every vector has length 1, so that the product of two is their cosine."""
    found = look.rows("""
        SELECT 'product ' || product_id || ', passage ' || position, vector_norm(embedding) FROM product_passages
        UNION ALL SELECT 'review ' || review_id, vector_norm(embedding) FROM review_embeddings ORDER BY 1
    """)
    wrong = [name for name, length in found if abs(length - 1) > 1e-4]
    look.expect(not wrong, f"not of length 1: {'; '.join(wrong[:5])}", "vectors were changed by hand")


def provenance(look: Look) -> None:
    """All vectors were made by one model, and say by which."""
    found = look.rows("""
        SELECT provider, model, dimension, count(*) FROM (
            SELECT provider, model, dimension FROM product_passages
            UNION ALL SELECT provider, model, dimension FROM review_embeddings) AS made
        GROUP BY provider, model, dimension ORDER BY 1, 2, 3
    """)
    models = "; ".join(f"{model} ({provider}, {dimension})" for provider, model, dimension, _ in found)
    look.expect(len(found) < 2, f"vectors of several models: {models}", "AI_PROVIDER was changed in between")
    sizes = {dimension for _, _, dimension, _ in found}
    look.expect(sizes <= {384}, f"dimension {', '.join(map(str, sizes))}", CAUSE)
