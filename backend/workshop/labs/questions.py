"""The five questions of the lab "ask it four ways", and how each way asks them.

A statement returns its answer in the first column, the best first; full text asks for any word of the question. A colon
begins a bind parameter in SQL, a dollar in Cypher: `query` is the question as it was asked, `vector` what the model
`model` makes of it, and the others stand in the question's own parameters.

What is right was judged by hand, from the texts; `judged` says by which rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

WAYS = ("ILIKE", "full text", "vectors", "joins", "Cypher")


@dataclass(frozen=True)
class Question:
    """A question, how each way asks it, and what is right.

    statements: way -> SQL, or Cypher for the way of that name; parameters: name -> value, or a query that finds it;
    right: the right answers, None where nobody can judge; judged: by whom and from what.
    """

    text: str
    statements: Mapping[str, str]
    right: frozenset[str] | None
    judged: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    looked_up: Mapping[str, str] = field(default_factory=dict)


PLANE = Question(
    "something to block plane noise that is comfortable for hours",
    {
        "ILIKE": """
SELECT name FROM products
WHERE description ILIKE '%plane%' AND description ILIKE '%noise%' AND description ILIKE '%comfort%' ORDER BY id""",
        "full text": """
SELECT name FROM products, to_tsvector('english', description) AS words,
       CAST(replace(CAST(plainto_tsquery('english', :query) AS text), '&', '|') AS tsquery) AS wanted
WHERE words @@ wanted ORDER BY ts_rank(words, wanted) DESC, id LIMIT 5""",
        "vectors": """
SELECT p.name FROM product_passages JOIN products p ON p.id = product_id
WHERE model = :model GROUP BY p.id ORDER BY min(embedding <=> :vector), p.id LIMIT 5""",
        "joins": """
SELECT p.name FROM products p JOIN reviews r ON r.product_id = p.id JOIN review_mentions m ON m.review_id = r.id
JOIN features f ON f.id = m.feature_id WHERE f.name IN ('Noise cancellation', 'Comfort')
GROUP BY p.id HAVING count(DISTINCT f.id) FILTER (WHERE m.sentiment = 'positive') = 2
ORDER BY sum(CASE m.sentiment WHEN 'positive' THEN 1 WHEN 'negative' THEN -1 ELSE 0 END) DESC, p.id LIMIT 5""",
        "Cypher": """
MATCH (p:Product)-[:HAS_REVIEW]->(:Review)
      -[m:MENTIONS {sentiment: 'positive'}]->(f:Feature {name: 'Noise cancellation'})
MATCH (p)-[:HAS_REVIEW]->(:Review)-[n:MENTIONS {sentiment: 'positive'}]->(g:Feature {name: 'Comfort'})
RETURN p.name AS answer, count(DISTINCT m) + count(DISTINCT n) AS praised, p.id AS id
ORDER BY praised DESC, id LIMIT 5""",
    },
    frozenset({"Nordhall Meridian", "Pikolo Nod", "Vireo Aria Pro 3"}),
    "by the labels that were given by hand: noise cancellation is praised more often than cursed, and comfort is not "
    "cursed more often than praised",
)

RUNNERS = Question(
    "what do runners curse about watches under 200?",
    {
        "ILIKE": """
SELECT f.name FROM reviews r JOIN products p ON p.id = r.product_id JOIN users u ON u.id = r.user_id
JOIN focus_groups g ON g.id = u.focus_group_id JOIN features f ON r.body ILIKE '%' || f.name || '%'
WHERE g.name = :people AND p.category = 'Smartwatches' AND p.price < :price AND r.rating <= 3
GROUP BY f.name ORDER BY count(*) DESC, f.name LIMIT 5""",
        "full text": """
SELECT f.name FROM reviews r JOIN products p ON p.id = r.product_id JOIN users u ON u.id = r.user_id
JOIN focus_groups g ON g.id = u.focus_group_id
JOIN features f ON to_tsvector('english', r.body) @@ plainto_tsquery('english', f.name)
WHERE g.name = :people AND p.category = 'Smartwatches' AND p.price < :price AND r.rating <= 3
GROUP BY f.name ORDER BY count(*) DESC, f.name LIMIT 5""",
        "vectors": """
SELECT p.name || ': ' || r.title FROM review_embeddings e JOIN reviews r ON r.id = e.review_id
JOIN products p ON p.id = r.product_id
WHERE e.model = :model AND r.title IS NOT NULL ORDER BY e.embedding <=> :vector, r.id LIMIT 5""",
        "joins": """
SELECT f.name FROM reviews r JOIN products p ON p.id = r.product_id JOIN users u ON u.id = r.user_id
JOIN focus_groups g ON g.id = u.focus_group_id JOIN review_mentions m ON m.review_id = r.id
JOIN features f ON f.id = m.feature_id
WHERE g.name = :people AND p.category = 'Smartwatches' AND p.price < :price AND m.sentiment = 'negative'
GROUP BY f.name ORDER BY count(*) DESC, f.name LIMIT 5""",
        "Cypher": """
MATCH (u:User)-[:WROTE]->(r:Review)-[m:MENTIONS {sentiment: 'negative'}]->(f:Feature)
MATCH (c:Category {name: 'Smartwatches'})<-[:IN_CATEGORY]-(p:Product)-[:HAS_REVIEW]->(r)
WHERE p.price < $price AND u.id IN $shoppers
RETURN f.name AS answer, count(*) AS times ORDER BY times DESC, answer LIMIT 5""",
    },
    frozenset({"Heart rate sensor", "GPS", "Subscription", "Sleep tracking", "Strap"}),
    "by reading the 21 reviews that runners wrote of these watches: what at least two of them curse",
    {"people": "Runners", "price": 200},
    {
        "shoppers": "SELECT array_agg(u.id::text) FROM users u JOIN focus_groups g ON g.id = u.focus_group_id "
        "WHERE g.name = :people"
    },
)

MOTHER = Question(
    "which tablets does my mother manage by herself?",
    {
        "ILIKE": """
SELECT p.name FROM products p JOIN reviews r ON r.product_id = p.id
WHERE p.category = 'Tablets' AND r.body ILIKE '%mother%' GROUP BY p.id ORDER BY count(*) DESC, p.id LIMIT 5""",
        "full text": """
SELECT p.name FROM reviews r JOIN products p ON p.id = r.product_id,
       to_tsvector('english', concat_ws(' ', title, body)) AS words,
       CAST(replace(CAST(plainto_tsquery('english', :query) AS text), '&', '|') AS tsquery) AS wanted
WHERE words @@ wanted GROUP BY p.id ORDER BY max(ts_rank(words, wanted)) DESC, p.id LIMIT 5""",
        "vectors": """
SELECT p.name FROM review_embeddings e JOIN reviews r ON r.id = e.review_id JOIN products p ON p.id = r.product_id
WHERE e.model = :model GROUP BY p.id ORDER BY min(e.embedding <=> :vector), p.id LIMIT 5""",
        "joins": """
SELECT p.name FROM products p JOIN reviews r ON r.product_id = p.id JOIN users u ON u.id = r.user_id
JOIN focus_groups g ON g.id = u.focus_group_id JOIN review_mentions m ON m.review_id = r.id
WHERE g.name = :people AND p.category = 'Tablets' GROUP BY p.id
HAVING count(*) FILTER (WHERE m.sentiment = 'positive') > count(*) FILTER (WHERE m.sentiment = 'negative')
ORDER BY avg(r.rating) DESC, p.id LIMIT 5""",
        "Cypher": """
MATCH (u:User)-[:WROTE]->(r:Review)<-[:HAS_REVIEW]-(p:Product)-[:IN_CATEGORY]->(c:Category {name: 'Tablets'})
WHERE u.id IN $shoppers AND r.rating >= 4
RETURN p.name AS answer, count(r) AS content, p.id AS id ORDER BY content DESC, id LIMIT 5""",
    },
    frozenset({"Quillon Atelier 13", "Calder Matinee 10", "Anvil & Ash Foreman 10", "Calder Stave 14"}),
    "by reading those reviews of tablets that Seniors wrote or that speak of age or family: somebody old uses it "
    "without help, and nobody old sent it back",
    {"people": "Seniors"},
    RUNNERS.looked_up,
)

UNLISTED = Question(
    "what do people praise that the maker does not list?",
    {
        "ILIKE": """
SELECT p.name || ': ' || f.name FROM products p JOIN reviews r ON r.product_id = p.id
JOIN features f ON r.body ILIKE '%' || f.name || '%' AND p.description NOT ILIKE '%' || f.name || '%'
WHERE r.rating >= 4 GROUP BY p.id, f.id ORDER BY count(*) DESC, p.id, f.id LIMIT 5""",
        "full text": """
WITH said AS MATERIALIZED (SELECT product_id, to_tsvector('english', body) AS words FROM reviews WHERE rating >= 4)
SELECT p.name || ': ' || f.name FROM features f, plainto_tsquery('english', f.name) AS wanted
JOIN said ON said.words @@ wanted JOIN products p ON p.id = said.product_id
WHERE NOT to_tsvector('english', p.description) @@ wanted
GROUP BY p.id, f.id ORDER BY count(*) DESC, p.id, f.id LIMIT 5""",
        "vectors": """
SELECT p.name || ': ' || r.title FROM review_embeddings e JOIN reviews r ON r.id = e.review_id
JOIN products p ON p.id = r.product_id
WHERE e.model = :model AND r.title IS NOT NULL ORDER BY e.embedding <=> :vector, r.id LIMIT 5""",
        "joins": """
SELECT p.name || ': ' || f.name FROM products p JOIN reviews r ON r.product_id = p.id
JOIN review_mentions m ON m.review_id = r.id JOIN features f ON f.id = m.feature_id
LEFT JOIN product_features has ON has.product_id = p.id AND has.feature_id = f.id
WHERE m.sentiment = 'positive' AND has.feature_id IS NULL
GROUP BY p.id, f.id ORDER BY count(*) DESC, p.id, f.id LIMIT 5""",
        "Cypher": """
MATCH (p:Product)-[:HAS_REVIEW]->(r:Review)-[m:MENTIONS {sentiment: 'positive'}]->(f:Feature)
WHERE NOT EXISTS((p)-[:HAS_FEATURE]->(f))
RETURN p.name + ': ' + f.name AS answer, count(r) AS times, p.id AS product, f.id AS feature
ORDER BY times DESC, product, feature LIMIT 5""",
    },
    frozenset(
        f"{product}: {feature}"
        for product, features in {
            "Anvil & Ash Foreman 10": ["Build quality"],
            "Boomfield Orchard 120": ["Wired connection"],
            "Calder Dunlin Hybrid": ["Repairability"],
            "Calder Largo": ["Setup", "Warranty and service"],
            "Calder Stave 14": ["Buttons and controls"],
            "Calder Windward": ["Battery life"],
            "Halden Line": ["Warranty and service", "Water resistance", "Workout tracking"],
            "Lumen & Oak Quorum 14": ["Build quality", "Display brightness"],
            "Lumen & Oak Vesper 41": ["Display brightness", "Display sharpness"],
            "Marrow Stage Three": ["Noise cancellation"],
            "Marrow Yoke": ["Fit and stability"],
            "Nordhall Skerry": ["Transparency mode"],
            "Orbita Closeby": ["Display sharpness"],
            "Orbita Helios X": ["Scratch resistance"],
            "Orbita Trident": ["Battery life", "Fast charging", "GPS"],
            "Pikolo Hush Two": ["Price"],
            "Pikolo Nod": ["Noise cancellation", "Weight"],
            "Pikolo Pip": ["Treble and detail", "Weight"],
            "Pikolo Puddle 8": ["Build quality"],
            "Quillon Sill": ["Size"],
            "Selkie Breakwater": ["Build quality"],
            "Stride & Co Pacer One": ["Display brightness", "Workout tracking"],
            "Stride & Co Tempo 2": ["Display sharpness", "Scratch resistance", "Strap"],
            "Tamsin Pip": ["Build quality", "Wired connection"],
            "Thock Dash 61": ["Build quality"],
            "Veer Burr": ["Picture quality"],
            "Veer Go": ["Water resistance"],
            "Vireo Aria Pro 3": ["Battery life"],
            "Vireo Clipwing": ["Transparency mode"],
            "Vireo Finch": ["Ear cushions", "Transparency mode", "Treble and detail"],
            "Vireo Hush 40": ["Battery life", "Size"],
            "Vireo Rook": ["Bluetooth connection"],
        }.items()
        for feature in features
    ),
    "by the labels that were given by hand: at least three reviews praise it, and more than curse it",
)

PLEASED = Question(
    "somebody liked the Vireo Finch: what else would please them, and why?",
    {
        "ILIKE": """
SELECT other.name, 'of the same maker' AS why FROM products one JOIN products other ON other.brand ILIKE one.brand
WHERE one.id = :product AND other.id <> one.id ORDER BY other.id LIMIT 5""",
        "full text": """
SELECT other.name, 'described in the same words' AS why
FROM products one, products other, to_tsvector('english', other.description) AS words,
     CAST(replace(CAST(plainto_tsquery('english', one.description) AS text), '&', '|') AS tsquery) AS wanted
WHERE one.id = :product AND other.id <> one.id ORDER BY ts_rank(words, wanted) DESC, other.id LIMIT 5""",
        "vectors": """
SELECT p.name, 'described in much the same sense' AS why FROM product_passages one JOIN product_passages other
    ON other.product_id <> one.product_id AND other.model = one.model JOIN products p ON p.id = other.product_id
WHERE one.product_id = :product GROUP BY p.id ORDER BY min(one.embedding <=> other.embedding), p.id LIMIT 5""",
        "joins": """
SELECT p.name, count(*) || ' people gave both 4 stars or more' AS why
FROM reviews one JOIN reviews other ON other.user_id = one.user_id AND other.product_id <> one.product_id
JOIN products p ON p.id = other.product_id
WHERE one.product_id = :product AND one.rating >= 4 AND other.rating >= 4
GROUP BY p.id ORDER BY count(*) DESC, avg(other.rating) DESC, p.id LIMIT 5""",
        "Cypher": """
MATCH (a:Product {id: $product})-[:HAS_REVIEW]->(:Review)-[:MENTIONS {sentiment: 'positive'}]->(f:Feature)
WITH a, f, count(*) AS ours
MATCH (f)<-[:MENTIONS {sentiment: 'positive'}]-(r:Review)<-[:HAS_REVIEW]-(b:Product) WHERE b.id <> a.id AND ours >= 2
RETURN b.name AS answer, collect(DISTINCT f.name) AS why, count(r) AS praised, b.id AS id
ORDER BY praised DESC, id LIMIT 5""",
    },
    None,
    "by nobody: only the shopper could tell, so look at the reasons",
    {"product": 9},
)

QUESTIONS = {"plane": PLANE, "runners": RUNNERS, "mother": MOTHER, "unlisted": UNLISTED, "pleased": PLEASED}

# Candidates by meaning, evidence from the graph, weights of a group: one statement. Cypher takes its parameters as one
# value of JSON, which has to be a real parameter.
TOGETHER = """
WITH near AS (
    SELECT product_id, 1 - min(embedding <=> :vector) AS likeness
    FROM product_passages WHERE model = :model GROUP BY product_id ORDER BY likeness DESC, product_id LIMIT 12
), said AS (
    SELECT CAST(product AS integer) AS product_id, CAST(feature AS integer) AS feature_id,
           CASE CAST(sentiment AS text) WHEN 'positive' THEN 1 WHEN 'negative' THEN -1 ELSE 0 END AS sign
    FROM cypher('shop_graph', $$
        MATCH (p:Product)-[:HAS_REVIEW]->(:Review)-[m:MENTIONS]->(f:Feature) WHERE f.name IN $features
        RETURN p.id, f.id, m.sentiment
    $$, :parameters) AS (product agtype, feature agtype, sentiment agtype)
), sides AS (
    SELECT product_id, dimension_id, sum(sign) / (count(*) + 2.0) AS opinion
    FROM said JOIN features AS f ON f.id = feature_id GROUP BY product_id, dimension_id
), weighed AS (
    SELECT product_id, sum(weight * opinion) AS opinion
    FROM sides JOIN focus_group_dimension_weights AS w USING (dimension_id)
    JOIN focus_groups AS g ON g.id = w.focus_group_id
    WHERE w.is_current AND g.name = :people GROUP BY product_id
)
SELECT p.name, round(CAST(likeness AS numeric), 2) AS likeness, round(coalesce(opinion, 0), 2) AS opinion
FROM near JOIN products AS p ON p.id = near.product_id LEFT JOIN weighed ON weighed.product_id = p.id
ORDER BY (1 - :trust) * likeness + :trust * coalesce(opinion, 0) DESC, p.id LIMIT 5"""
