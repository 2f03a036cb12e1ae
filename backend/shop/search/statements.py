"""The SQL of the four kinds, put together once, when this is imported. Every value is a parameter.

:query is what the shopper typed; :vector and :model are its vector and who made it; :limit says how many products;
the rest stands in Settings.
"""

from __future__ import annotations

# Everything the shop knows about a product as one text for full-text search, made anew for each query, which
# takes most of a search's time: a larger shop would keep it in a column of its own. Its words are marked by where they
# stand: A name, brand, category; B specifications and features; C description and contents; D reviews.
TOLD = """
told AS MATERIALIZED (
    SELECT id AS product_id,
        setweight(to_tsvector('english', concat_ws(' ', name, brand, category)), 'A')
        || setweight(to_tsvector('english', concat_ws(E'\\n',
            (SELECT string_agg(key || ': ' || value, E'\\n' ORDER BY key COLLATE "C")
             FROM jsonb_each_text(specifications)),
            (SELECT string_agg(f.name, E'\\n' ORDER BY f.id)
             FROM product_features AS has JOIN features AS f ON f.id = has.feature_id WHERE has.product_id = p.id)
        )), 'B')
        || setweight(to_tsvector('english', concat_ws(E'\\n', description, array_to_string(in_the_box, ', '))), 'C')
        || setweight(to_tsvector('english', coalesce(
            (SELECT string_agg(concat_ws(E'\\n', title, body), E'\\n' ORDER BY r.id)
             FROM reviews AS r WHERE r.product_id = p.id), '')), 'D') AS words
    FROM products AS p
), asked AS MATERIALIZED (
    SELECT unnest(tsvector_to_array(to_tsvector('english', CAST(:query AS text)))) AS lexeme
)
"""

# BM25: a word counts more the fewer products say it; its second occurrence counts less than its first; and it counts
# less in a product of which much is said (length() counts the different words).
KEYWORD = """
said AS (
    SELECT product_id, w.lexeme,
           sum((CAST(:weights AS double precision[]))[strpos('DCBA', place)]) AS amount,
           1 - :length + :length * min(length(words)) / (SELECT avg(length(words)) FROM told) AS long
    FROM told CROSS JOIN unnest(words) AS w JOIN asked USING (lexeme) CROSS JOIN unnest(w.weights) AS place
    GROUP BY product_id, w.lexeme
), rare AS (
    SELECT lexeme, ln(1 + ((SELECT count(*) FROM products) - count(*) + 0.5) / (count(*) + 0.5)) AS worth
    FROM said GROUP BY lexeme
), keyword AS (
    SELECT product_id, round(CAST(sum(worth * amount / (amount + :saturation * long)) AS numeric), 9) AS score
    FROM said JOIN rare USING (lexeme) GROUP BY product_id
)
"""

# The best passage speaks for its product.
MEANING = """
passage AS (
    SELECT product_id, position, text, round(CAST(1 - (embedding <=> CAST(:vector AS vector)) AS numeric), 9) AS score
    FROM product_passages WHERE model = :model
), best AS (
    SELECT DISTINCT ON (product_id) product_id, position, text, score
    FROM passage ORDER BY product_id, score DESC, position
)
"""

# Some reviews speak for it as well: one may be a chance, three seldom are.
REVIEWS = """
near AS (
    SELECT product_id, score, row_number() OVER (PARTITION BY product_id ORDER BY score DESC, review_id) AS place
    FROM (
        SELECT r.product_id, review_id,
               round(CAST(1 - (embedding <=> CAST(:vector AS vector)) AS numeric), 9) AS score
        FROM review_embeddings JOIN reviews AS r ON r.id = review_id WHERE model = :model
    ) AS one
), praised AS (
    SELECT product_id, avg(score) AS score FROM near WHERE place <= :reviews GROUP BY product_id
)
"""

# For a search by words, the passage that holds most of them.
PASSAGE_BY_WORDS = """
LEFT JOIN LATERAL (
    SELECT text FROM product_passages AS p WHERE p.product_id = found.product_id
    ORDER BY (SELECT count(*) FROM asked WHERE lexeme = ANY (tsvector_to_array(to_tsvector('english', p.text)))) DESC,
             position
    LIMIT 1
) AS spoken ON true
"""

KEYWORD_AND = f"""
WITH {TOLD}, found AS (
    SELECT product_id, ts_rank(CAST(:weights AS real[]), words, wanted) AS score
    FROM told CROSS JOIN websearch_to_tsquery('english', CAST(:query AS text)) AS wanted
    WHERE words @@ wanted ORDER BY score DESC, product_id LIMIT :limit
)
SELECT found.product_id, found.score, spoken.text FROM found {PASSAGE_BY_WORDS}
ORDER BY found.score DESC, found.product_id
"""

KEYWORD_OR = f"""
WITH {TOLD}, {KEYWORD}, found AS (
    SELECT product_id, score FROM keyword ORDER BY score DESC, product_id LIMIT :limit
)
SELECT found.product_id, found.score, spoken.text FROM found {PASSAGE_BY_WORDS}
ORDER BY found.score DESC, found.product_id
"""

VECTOR = f"WITH {MEANING} SELECT product_id, score, text FROM best ORDER BY score DESC, product_id LIMIT :limit"

# Reciprocal rank fusion of three rankings: 1 / (k + rank), added up. Ranks, because a count of words and a cosine have
# no unit in common. With each candidate go its details, one to a sentence or a line of its specifications.
HYBRID = f"""
WITH {TOLD}, {KEYWORD}, {MEANING}, {REVIEWS}, ranked AS (
    SELECT product_id, row_number() OVER (ORDER BY score DESC, product_id) AS place FROM keyword
    UNION ALL SELECT product_id, row_number() OVER (ORDER BY score DESC, product_id) FROM best
    UNION ALL SELECT product_id, row_number() OVER (ORDER BY score DESC, product_id) FROM praised
), fused AS (
    SELECT product_id, sum(round(1 / (CAST(:fusion AS numeric) + place), 9)) AS score FROM ranked GROUP BY product_id
)
SELECT p.id, fused.score, best.text, ARRAY(
    SELECT p.category || ': ' || detail FROM (
        SELECT regexp_split_to_table(p.description, '(?<=[.!?:])\\s+|\\n+') AS detail
        UNION SELECT key || ': ' || value FROM jsonb_each_text(p.specifications)
    ) AS details WHERE detail ~ '\\S' ORDER BY detail COLLATE "C"
) AS details
FROM fused JOIN products AS p ON p.id = fused.product_id LEFT JOIN best ON best.product_id = p.id
ORDER BY fused.score DESC, p.id LIMIT :candidates
"""
