"""No check counts until it was seen red, for the reason that it names."""

from __future__ import annotations

import pytest

from shop import database
from workshop import chain, checks
from workshop.checks import Look

AGE = "SET LOCAL search_path = public, ag_catalog;"

# (step, promise): (a statement that breaks exactly this promise, what the reason must name)
BREAK = {
    ("0001", "columns"): ("ALTER TABLE sample ALTER name TYPE varchar(60)", "character varying(50)"),
    ("0001", "key"): ("ALTER TABLE sample RENAME CONSTRAINT pk_sample TO sample_pkey", "pk_sample"),
    ("0001", "comments"): ("COMMENT ON TABLE sample IS NULL", "no comment"),
    ("0002", "tables"): ("COMMENT ON TABLE features IS NULL", "features"),
    ("0002", "rules"): ("ALTER TABLE variants DROP CONSTRAINT ck_variants_stock_not_negative", "stock_not_negative"),
    ("0002", "foreign_keys"): ("DROP INDEX ix_reviews_product_id", "fk_reviews_product_id_products"),
    ("0002", "status"): ("ALTER TYPE section_status RENAME VALUE 'failed' TO 'broken'", "broken"),
    ("0003", "balance"): ("DELETE FROM reviews WHERE id = (SELECT max(id) FROM reviews)", "reviews"),
    ("0003", "refused"): (
        "UPDATE import_refusals SET reason = 'other' WHERE file = 'users.csv' AND line = (SELECT "
        "min(line) FROM import_refusals WHERE file = 'users.csv')",
        "users.csv",
    ),
    ("0003", "mended"): ("UPDATE products SET price = price + 0.01", "products.price"),
    ("0003", "plain"): ("UPDATE reviews SET body = body || ' &amp;' WHERE id = 1", "reviews.body"),
    ("0003", "categories"): ("UPDATE products SET category = 'headphones' WHERE id = 1", "headphones"),
    ("0003", "sequences"): ("SELECT setval('reviews_id_seq', 1)", "reviews: the next key would be 2"),
    ("0004", "tables"): ("COMMENT ON TABLE dimensions IS NULL", "dimensions"),
    ("0004", "columns"): (
        "ALTER TABLE focus_group_dimension_weights ALTER weight TYPE numeric(5,3)",
        "numeric(4,3)",
    ),
    ("0004", "rules"): (
        "ALTER TABLE dimensions DROP CONSTRAINT ck_dimensions_minimum_below_maximum",
        "ck_dimensions_minimum_below_maximum",
    ),
    ("0004", "foreign_keys"): ("DROP INDEX ix_users_focus_group_id", "fk_users_focus_group_id_focus_groups"),
    ("0004", "current"): (
        "DROP INDEX ix_focus_group_dimension_weights_current",
        "ix_focus_group_dimension_weights_current",
    ),
    ("0004", "sum_to_one"): (
        "ALTER TABLE focus_group_dimension_weights DISABLE TRIGGER weights_sum_to_one",
        "weights that sum to 0.980 were taken",
    ),
    ("0005", "groups"): (
        "UPDATE focus_groups SET description = '' WHERE name = 'Gamers'",
        "description of missing: Gamers",
    ),
    ("0005", "dimensions"): ("UPDATE dimensions SET maximum_score = 10 WHERE name = 'Sound'", "Sound"),
    ("0005", "weights"): (
        "ALTER TABLE focus_group_dimension_weights DISABLE TRIGGER weights_sum_to_one; "
        "UPDATE focus_group_dimension_weights SET weight = weight - 0.02 WHERE id = 1",
        "the weights of Commuters sum to 0.980",
    ),
    ("0005", "reasons"): (
        "UPDATE focus_group_dimension_weights SET rationale = 'Because.' WHERE id = 7",
        "the reason of weight 7",
    ),
    ("0005", "users"): (
        "UPDATE users SET focus_group_id = NULL WHERE email = 'mei.tanaka@example.org'",
        "mei.tanaka@example.org",
    ),
    ("0005", "features"): ("UPDATE features SET dimension_id = NULL WHERE name = 'Bass'", "Bass"),
    ("0005", "sequences"): ("SELECT setval('dimensions_id_seq', 1)", "dimensions: the next key would be 2"),
    ("0006", "tables"): ("COMMENT ON TABLE review_embeddings IS NULL", "comment on missing: review_embeddings"),
    ("0006", "passages"): ("DELETE FROM product_passages WHERE product_id = 7 AND position = 1", "product 7"),
    ("0006", "reviews"): ("UPDATE reviews SET body = body || ' Later.' WHERE id = 3", "beside review 3"),
    ("0006", "lengths"): (
        "UPDATE review_embeddings SET embedding = embedding * array_fill(2, ARRAY[384])::vector WHERE review_id = 3",
        "not of length 1: review 3",
    ),
    ("0006", "provenance"): (
        "UPDATE review_embeddings SET model = 'another' WHERE review_id = 3",
        "vectors of several models: all-MiniLM-L6-v2 (local, 384); another (local, 384)",
    ),
    ("0007", "indexes"): (
        "DROP INDEX ix_review_embeddings_embedding; CREATE INDEX ix_review_embeddings_embedding ON review_embeddings "
        "USING hnsw (embedding vector_l2_ops)",
        "ix_review_embeddings_embedding",
    ),
    ("0007", "valid"): (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_review_embeddings_embedding'::regclass",
        "invalid: ix_review_embeddings_embedding",
    ),
    ("0007", "used"): (
        "DROP INDEX ix_product_passages_embedding; CREATE INDEX ix_product_passages_embedding ON product_passages "
        "USING hnsw (embedding vector_ip_ops)",
        "ix_product_passages_embedding is not used",
    ),
    ("0008", "tables"): ("COMMENT ON TABLE chunks IS NULL", "comment on missing: chunks"),
    ("0008", "columns"): ("ALTER TABLE documents ALTER deleted_at TYPE timestamp", "timestamp with time zone"),
    ("0008", "rules"): ("ALTER TABLE chunks DROP CONSTRAINT ck_chunks_body_not_empty", "ck_chunks_body_not_empty"),
    ("0008", "foreign_keys"): (
        "DROP INDEX ix_document_products_product_id",
        "index for missing: fk_document_products_product_id_products",
    ),
    ("0008", "cascade"): (
        "ALTER TABLE chunks DROP CONSTRAINT fk_chunks_document_id_documents, ADD CONSTRAINT "
        "fk_chunks_document_id_documents FOREIGN KEY (document_id) REFERENCES documents (id)",
        "'fk_chunks_document_id_documents', 'refuses'",
    ),
    ("0009", "documents"): ("UPDATE documents SET title = 'Cheap' WHERE file = 'price-match.md'", "Cheap"),
    ("0009", "superseded"): ("UPDATE documents SET superseded_by_id = NULL", "returns-policy-2026.md"),
    ("0009", "products"): ("DELETE FROM document_products WHERE product_id = 34", "minutia-sprout-2-guide-for-parents"),
    ("0009", "headings"): ("UPDATE chunks SET heading = 'Power' WHERE heading = 'Charging'", "'Charging'"),
    ("0009", "words"): (
        "UPDATE chunks SET body = replace(body, 'warehouse', 'store')",
        "shipping-policy.md are not its text",
    ),
    ("0009", "positions"): (
        "UPDATE chunks SET position = 100 WHERE heading = 'Mistakes we see in returns'",
        "the chunks of a-first-running-watch.md have a gap",
    ),
    ("0009", "short"): (
        "UPDATE chunks SET body = repeat('word ', 201) WHERE heading = 'Mistakes we see in returns'",
        "too long: a-first-running-watch.md (1005)",
    ),
    ("0009", "sequences"): ("SELECT setval('chunks_id_seq', 1)", "chunks: the next key would be 2"),
    ("0010", "table"): ("COMMENT ON TABLE chunk_embeddings IS NULL", "comment on missing: chunk_embeddings"),
    ("0010", "cascade"): (
        "ALTER TABLE chunk_embeddings DROP CONSTRAINT fk_chunk_embeddings_chunk_id_chunks, ADD CONSTRAINT "
        "fk_chunk_embeddings_chunk_id_chunks FOREIGN KEY (chunk_id) REFERENCES chunks (id)",
        "foreign key with cascade missing: fk_chunk_embeddings_chunk_id_chunks",
    ),
    ("0010", "chunks"): (
        "DELETE FROM chunk_embeddings USING chunks WHERE id = chunk_id AND heading = 'Exchanges'",
        "(returns-policy-2026.md > Exchanges)",
    ),
    ("0010", "texts"): (
        "UPDATE chunks SET body = body || ' Later.' WHERE heading = 'Exchanges'",
        "(returns-policy-2026.md > Exchanges)",
    ),
    ("0010", "sizes"): ("UPDATE chunk_embeddings SET dimension = 384 WHERE chunk_id = 3", "not 768 numbers: chunk 3 ("),
    ("0010", "lengths"): (
        "UPDATE chunk_embeddings SET embedding = embedding + embedding WHERE chunk_id = 3",
        "not of length 1: chunk 3 (",
    ),
    ("0010", "halves"): (
        "UPDATE chunk_embeddings SET embedding = l2_normalize(embedding * "
        "(array_fill(1, ARRAY[384]) || array_fill(2, ARRAY[384]))::vector) WHERE chunk_id = 3",
        "halves of different length: chunk 3 (",
    ),
    ("0010", "provenance"): (
        "UPDATE chunk_embeddings SET model = 'another' WHERE chunk_id = 3",
        "vectors of several models: all-MiniLM-L6-v2 (local); another (local)",
    ),
    ("0011", "index"): (
        "DROP INDEX ix_chunk_embeddings_embedding; CREATE INDEX ix_chunk_embeddings_embedding ON chunk_embeddings "
        "USING ivfflat (embedding vector_cosine_ops) WITH (lists = 14)",
        "WITH (lists='14')",
    ),
    ("0011", "valid"): (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_chunk_embeddings_embedding'::regclass",
        "invalid: ix_chunk_embeddings_embedding",
    ),
    ("0011", "used"): (
        "DROP INDEX ix_chunk_embeddings_embedding; CREATE INDEX ix_chunk_embeddings_embedding ON chunk_embeddings "
        "USING ivfflat (embedding vector_ip_ops) WITH (lists = 15)",
        "ix_chunk_embeddings_embedding is not used",
    ),
    ("0011", "learned"): (
        "ALTER TABLE chunk_embeddings RENAME TO filled; DROP INDEX ix_chunk_embeddings_embedding; "
        "CREATE TABLE chunk_embeddings (LIKE filled); CREATE INDEX ix_chunk_embeddings_embedding ON chunk_embeddings "
        "USING ivfflat (embedding vector_cosine_ops) WITH (lists = 15); "
        "INSERT INTO chunk_embeddings SELECT * FROM filled",
        "REINDEX INDEX CONCURRENTLY ix_chunk_embeddings_embedding",
    ),
    ("0012", "tables"): ("COMMENT ON TABLE review_mentions IS NULL", "comment on missing: review_mentions"),
    ("0012", "columns"): ("ALTER TABLE review_mentions ALTER score TYPE double precision", "'score', 'real'"),
    ("0012", "rules"): (
        "ALTER TABLE review_mentions DROP CONSTRAINT ck_review_mentions_clause_not_empty",
        "ck_review_mentions_clause_not_empty",
    ),
    ("0012", "foreign_keys"): (
        "DROP INDEX ix_review_mentions_feature_id",
        "index for missing: fk_review_mentions_feature_id_features",
    ),
    ("0012", "reviews"): (
        "INSERT INTO reviews (id, product_id, rating, body, reviewed_on) VALUES (90000, 1, 5, 'Late.', '2026-01-01')",
        "not read: review 90000",
    ),
    ("0012", "quotations"): (
        "UPDATE review_mentions SET clause = 'Nobody said so.' WHERE review_id = (SELECT min(review_id) "
        "FROM review_mentions)",
        "words that are not in it are quoted from review",
    ),
    ("0012", "mentions"): (
        "DELETE FROM review_sentiments WHERE review_id = (SELECT min(review_id) FROM review_mentions)",
        "mentions, and not listed as read: review",
    ),
    ("0012", "shares"): (
        "UPDATE review_sentiments SET positive_score = 1, negative_score = 1, neutral_score = 0 WHERE review_id = 3",
        "the scores do not sum to 1: review 3 (2.00)",
    ),
    ("0012", "provenance"): (
        "UPDATE review_sentiments SET model = 'another' WHERE review_id = 3",
        "review_sentiments by several models: ",
    ),
    ("0013", "extension"): (
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() || ' SET search_path = public, ag_catalog'; END $$",
        "search_path=public, ag_catalog",
    ),
    ("0013", "labels"): (f"{AGE} SELECT create_vlabel('shop_graph', 'Brand')", "label not expected: Brand"),
    ("0013", "vertices"): (
        f"{AGE} SELECT * FROM cypher('shop_graph', $$ MATCH (p:Product {{id: 7}}) SET p.price = 1 $$) AS (a agtype)",
        "Product not expected: brand",
    ),
    ("0013", "edges"): (
        f"{AGE} SELECT * FROM cypher('shop_graph', $$ MATCH (:Product {{id: 7}})-[e:HAS_FEATURE]->() "
        "WITH e LIMIT 1 DELETE e $$) AS (a agtype)",
        "HAS_FEATURE missing: 7, ",
    ),
    ("0013", "ends"): ('DELETE FROM shop_graph."User"', "('WROTE', 'None', 'Review')"),
    ("0014", "indexes"): (
        'DROP INDEX shop_graph.ix_user_id; CREATE INDEX ix_user_id ON shop_graph."User" '
        "(ag_catalog.agtype_access_operator(properties, '\"id\"'::ag_catalog.agtype))",
        "('User', 'ix_user_id', 'btree', True, True)",
    ),
    ("0014", "used"): (
        'DROP INDEX shop_graph.ix_review_id; CREATE UNIQUE INDEX ix_review_id ON shop_graph."Review" (id)',
        "ix_review_id is not used",
    ),
}
TOGETHER = {
    ("0003", "mended"): {"mended"},
    ("0003", "balance"): {"balance", "mended"},
    ("0007", "indexes"): {"indexes", "used"},
    ("0007", "valid"): {"valid", "used"},
    ("0007", "used"): {"indexes", "used"},
    ("0009", "short"): {"short", "words"},
    ("0011", "valid"): {"valid", "used"},
    ("0011", "used"): {"index", "used"},
    ("0012", "mentions"): {"mentions", "reviews"},
    ("0013", "ends"): {"ends", "vertices", "edges"},
}


def test_every_promise_of_every_step_is_broken_below():
    promised = {(step.number, one.__name__) for step in chain.steps() for one in checks.promises(step)}
    assert promised == set(BREAK)


@pytest.mark.parametrize(("number", "promise"), BREAK)
def test_a_promise_turns_red_for_its_reason_and_the_others_stay(at, number, promise):
    step = chain.find(number)
    settings = at(step.name)
    statement, reason = BREAK[number, promise]
    sentences = {one.__name__: " ".join(one.__doc__.split()).rstrip(".") for one in checks.promises(step)}
    with database.connect(settings) as connection:
        assert checks.run(step, connection).kept
        connection.exec_driver_sql(statement)
        connection.commit()
        report = checks.run(step, connection)
    red = {result.promise: " ".join(result.reasons()) for result in report.results if not result.kept}
    assert sentences[promise] in red
    assert reason in red[sentences[promise]]
    assert {name for name, sentence in sentences.items() if sentence in red} <= TOGETHER.get(
        (number, promise), {promise}
    )
    with pytest.raises(checks.CheckFailedError, match=step.name):
        report.require()


@pytest.mark.parametrize("number", [step.number for step in chain.steps()])
def test_before_the_step_nothing_is_kept_by_silence(at, number):
    step = chain.find(number)
    with database.connect(at(step.before)) as connection:
        report = checks.run(step, connection)
    assert not report.kept
    assert all(list(result.reasons()) for result in report.results if not result.kept)


def test_a_promise_that_looks_at_nothing_is_broken(connection):
    def silent(look: Look) -> None:
        """It says nothing"""

    result = checks.judge(silent, connection)
    assert not result.kept
    assert list(result.reasons()) == ["nothing was looked at, so nothing is proved"]


def test_a_report_without_promises_is_no_success():
    assert not checks.Report("0001_create_sample_table", ()).kept


def test_a_report_reads_as_text_and_as_html(at):
    step = chain.find("0001")
    with database.connect(at(step.name)) as connection:
        report = checks.run(step, connection)
    assert "3 of 3 kept" in str(report)
    assert report._repr_html_().count("<tr>") == 4
