"""0014_index_graph: a vertex is found by its key, whichever way Cypher asks, and a key is there once."""

import pytest
import sqlalchemy as sa

from workshop import steps

LABELS = ("Product", "Feature", "Review", "User")


def ask(connection, query, explain=""):
    with connection.begin():
        connection.exec_driver_sql("SET LOCAL search_path = public, ag_catalog")
        found = connection.exec_driver_sql(f"{explain} SELECT * FROM cypher('shop_graph', $$ {query} $$) AS (n agtype)")
        return "\n".join(row[0] for row in found)


def test_what_it_builds(revision):
    seen = revision.up()
    assert seen.count("index") == 2 * len(LABELS) and seen.count("table") == seen.count("column") == 0


def test_before_all_vertices_are_read_and_after_an_index_is(revision, connection):
    asked = {
        "MATCH (r:Review {id: 5}) RETURN r": "ix_review_properties",
        "MATCH (r:Review) WHERE r.id = 5 RETURN r": "ix_review_id",
    }
    assert all("Seq Scan" in ask(connection, query, "EXPLAIN") for query in asked)
    revision.up()
    for query, index in asked.items():
        plan = ask(connection, query, "EXPLAIN")
        assert index in plan and "Seq Scan" not in plan


def test_a_key_cannot_be_there_twice(revision, connection):
    revision.up()
    with pytest.raises(sa.exc.IntegrityError, match="ix_product_id"):
        ask(connection, "CREATE (:Product {id: 1})")


def test_an_index_left_invalid_is_built_anew_and_another_one_is_an_error(revision):
    revision.up()
    after = revision.look().fingerprint
    revision.run("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'shop_graph.ix_review_id'::regclass")
    revision.run("UPDATE alembic_version SET version_num = '0013_build_graph'")
    revision.up()
    assert revision.look().fingerprint == after
    revision.run("UPDATE alembic_version SET version_num = '0013_build_graph'")
    revision.run('DROP INDEX shop_graph.ix_review_id; CREATE INDEX ix_review_id ON shop_graph."Review" (id)')
    with pytest.raises(steps.StepError, match="An index ix_review_id is there and is another one"):
        revision.up()
