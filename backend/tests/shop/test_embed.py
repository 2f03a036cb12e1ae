"""op.create_extension, op.embed and op.build_index by themselves; what revisions do with them stands in tests/revisions."""

import io

import numpy as np
import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from shop import ai
from shop.ai import in_database, local
from shop.ai.azure import DEPLOYMENT
from shop.operations import batches

TABLE = """
    CREATE EXTENSION vector;
    CREATE TABLE notes (id integer PRIMARY KEY, body text);
    CREATE TABLE note_vectors (id integer PRIMARY KEY, embedding vector(384) NOT NULL, provider text NOT NULL,
        model text NOT NULL, dimension smallint NOT NULL, computed_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 300) AS n
"""
NOTES = "SELECT id, body AS text FROM notes"

# Functions of the documented name and signature, which note what they are asked.
DOUBLE = """
    CREATE SCHEMA azure_openai;
    CREATE TABLE azure_openai.asked (deployment text, texts integer, dimensions integer);
    CREATE FUNCTION azure_openai.create_embeddings(deployment_name text, input text[], batch_size integer DEFAULT 100,
        dimensions integer DEFAULT NULL, timeout_ms integer DEFAULT 3600000, throw_on_error boolean DEFAULT true,
        max_attempts integer DEFAULT 1, retry_delay_ms integer DEFAULT 1000)
    RETURNS TABLE (embedding real[]) LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO azure_openai.asked VALUES (deployment_name, cardinality(input), dimensions);
        RETURN QUERY SELECT array_fill(split_part(one, ' ', 2)::real, ARRAY[dimensions])
                     FROM unnest(input) WITH ORDINALITY AS t(one, n) ORDER BY n;
    END $$
"""


@pytest.fixture
def op(connection):
    return Operations(MigrationContext.configure(connection))


@pytest.fixture
def notes(connection, monkeypatch, tmp_path):
    """A table of 300 notes, and a model whose vectors tell the number of the note."""
    connection.exec_driver_sql(TABLE)
    connection.commit()  # Azure's model reads over a second connection

    def compute(self, texts):
        return np.array([np.full(384, float(text.split()[1])) for text in texts], "f4")

    monkeypatch.setattr(local.Local, "compute", compute)
    monkeypatch.setattr(local.Cache, "usual", classmethod(lambda cls: cls(tmp_path / "v")))


def mixed_up(connection):
    """Rows whose vector is not that of their own note."""
    return connection.scalar(sa.text("SELECT count(*) FROM note_vectors WHERE (embedding::real[])[1] <> id"))


def count(connection):
    return connection.scalar(sa.text("SELECT count(*) FROM note_vectors"))


def test_each_row_gets_its_own_vector_and_only_what_is_missing_is_computed(op, connection, notes):
    op.embed("note_vectors", key="id", source=NOTES)
    assert count(connection) == 300 and mixed_up(connection) == 0
    first = connection.execute(sa.text("SELECT DISTINCT provider, model, dimension FROM note_vectors")).all()
    assert first == [("local", "all-MiniLM-L6-v2", 384)]
    connection.exec_driver_sql("INSERT INTO notes VALUES (301, 'note 301'), (302, NULL), (303, E' \\n')")
    op.embed("note_vectors", key="id", source=NOTES)
    assert count(connection) == 301 and mixed_up(connection) == 0


def test_progress_is_told_by_rows(op, connection, notes, monkeypatch):
    from alembic.config import Config

    config, told = Config(), []
    config.attributes["on_rows"] = lambda *words: told.append(words)
    monkeypatch.setattr(MigrationContext, "config", config)
    op.embed("note_vectors", key="id", source=NOTES)
    assert told == [("note_vectors", n, 300) for n in (128, 256, 300)]


def test_a_vector_of_another_dimension_is_an_error(op, notes):
    with pytest.raises(ai.ModelError, match="wants vectors of 768 numbers"):
        op.embed("note_vectors", key="id", source=NOTES, dimensions=768)


@pytest.fixture
def azure(connection, monkeypatch):
    monkeypatch.setenv("AI_PROVIDER", "azure")
    monkeypatch.setenv(DEPLOYMENT, "small")
    connection.exec_driver_sql(DOUBLE)
    connection.commit()


@pytest.fixture
def seen(connection):
    """Every statement with its values, over both connections."""
    found = []
    sa.event.listen(
        connection.engine,
        "before_cursor_execute",
        lambda c, cursor, statement, values, *_: found.append((statement, values)),
    )
    return found


def test_azure_is_one_statement_a_batch_and_no_text_leaves(op, connection, notes, azure, seen, monkeypatch):
    monkeypatch.setenv(DEPLOYMENT, "small'one")
    op.embed("note_vectors", key="id", source=NOTES)
    assert count(connection) == 300 and mixed_up(connection) == 0
    asked = connection.execute(sa.text("SELECT * FROM azure_openai.asked")).all()
    assert asked == [("small'one", n, 384) for n in (128, 128, 44)]
    assert sum("create_embeddings(" in statement for statement, _ in seen) == 3
    assert not any("note 1" in str(values) or "small'one" in statement for statement, values in seen)
    assert set(connection.scalars(sa.text("SELECT provider || ' ' || model FROM note_vectors"))) == {"azure small'one"}


ODD = {
    1: "",
    2: " \n\t",
    3: None,
    4: "...!?",
    5: "😀🎧",
    6: "日本語のレビュー",
    7: "Kopfhörer für Züge",
    8: "word " * 40_000,
    9: "x" * 100_000,
    10: "[CLS] \\. \\N {1,2}\t'; DROP TABLE notes; --",
    11: "%s :name $1",
}


def test_odd_texts_have_a_vector_of_their_own_and_blank_ones_none(op, connection):
    """By the model itself, through COPY and back."""
    connection.exec_driver_sql(TABLE)
    connection.exec_driver_sql("DELETE FROM notes")
    connection.execute(
        sa.text("INSERT INTO notes VALUES (:id, :body)"), [{"id": key, "body": text} for key, text in ODD.items()]
    )
    op.embed("note_vectors", key="id", source=NOTES)
    stored = dict(tuple(row) for row in connection.execute(sa.text("SELECT id, embedding::real[] FROM note_vectors")))
    assert sorted(stored) == list(range(4, 12))
    wanted = local.Local().compute([ODD[key] for key in sorted(stored)])
    np.testing.assert_allclose([stored[key] for key in sorted(stored)], wanted, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(wanted, axis=1), 1, atol=1e-5)


def test_a_column_of_another_dimension_is_an_error_and_nothing_is_filled(op, connection, notes):
    connection.exec_driver_sql("ALTER TABLE note_vectors ALTER embedding TYPE vector(3)")
    connection.commit()
    with pytest.raises(sa.exc.DBAPIError, match="expected 3 dimensions, not 384"):
        op.embed("note_vectors", key="id", source=NOTES)
    connection.rollback()
    assert count(connection) == 0


# -- a vector of two parts -------------------------------------------------------------------------------------------

PAIRS = "SELECT id, 'note ' || id AS head, 'note ' || 1000 - id AS body FROM notes"


@pytest.fixture
def pairs(connection, notes):
    """The same 300 notes, with vectors that tell the numbers of two texts by their two halves."""
    connection.exec_driver_sql("ALTER TABLE note_vectors ALTER embedding TYPE vector(768)")


def embed_pairs(op, source=PAIRS):
    op.embed("note_vectors", key="id", source=source, texts="head body", dimensions=768)


def mixed_up_pairs(connection):
    """Rows whose first half is not that of their own head, or whose second half is not that of their own body."""
    return connection.scalar(
        sa.text("""
        SELECT count(*) FROM note_vectors CROSS JOIN LATERAL (SELECT embedding::real[] AS e OFFSET 0) AS numbers
        WHERE vector_dims(embedding) <> 768 OR dimension <> 768 OR abs(vector_norm(embedding) - 1) > 1e-5
        OR e[1] <> e[384] OR e[385] <> e[768] OR abs(e[1] / e[768] - id / (1000.0 - id)) > 1e-4
    """)
    )


def test_two_texts_are_two_halves_of_one_vector_of_length_one(op, connection, pairs):
    embed_pairs(op)
    assert count(connection) == 300 and mixed_up_pairs(connection) == 0


def test_half_a_vector_is_not_put_in(op, connection, pairs):
    blank = "CASE id WHEN {0} THEN NULL WHEN {0} + 1 THEN '' WHEN {0} + 2 THEN E' \\n' ELSE {1} END AS {1}"
    embed_pairs(op, f"SELECT id, {blank.format(7, 'head')}, {blank.format(9, 'body')} FROM ({PAIRS}) AS pairs")
    assert count(connection) == 295 and mixed_up_pairs(connection) == 0
    assert connection.scalar(sa.text("SELECT count(*) FROM note_vectors WHERE id BETWEEN 7 AND 11")) == 0


def test_as_many_texts_as_the_dimension_asks_for(op, pairs):
    with pytest.raises(
        ai.ModelError, match=r"wants vectors of 384 numbers, and .* makes them of 768 for head and body"
    ):
        op.embed("note_vectors", key="id", source=PAIRS, texts="head body")


def test_azure_joins_both_halves_which_are_asked_for_one_by_one(op, connection, pairs, azure, seen):
    embed_pairs(op)
    assert count(connection) == 300 and mixed_up_pairs(connection) == 0
    assert sum("create_embeddings(" in statement for statement, _ in seen) == 5
    asked = connection.execute(sa.text("SELECT * FROM azure_openai.asked")).all()
    assert asked == [("small", n, 384) for n in (128, 128, 128, 128, 88)]


def test_azure_that_forgets_one_half_fills_nothing(op, connection, pairs, azure):
    forgets = DOUBLE.partition("CREATE FUNCTION")[2].replace("ORDER BY n;", "WHERE one <> 'note 999' ORDER BY n;")
    connection.exec_driver_sql(f"CREATE OR REPLACE FUNCTION{forgets}")
    connection.commit()
    with pytest.raises(ai.ModelError, match=r"small gave (127 .* 128|87 .* 88) texts"):
        embed_pairs(op)


def test_the_script_for_azure_fills_the_same(connection, pairs, azure):
    script = io.StringIO()
    offline = {"as_sql": True, "output_buffer": script, "literal_binds": True}
    embed_pairs(Operations(MigrationContext.configure(dialect_name="postgresql", opts=offline)))
    connection.exec_driver_sql(script.getvalue())
    assert count(connection) == 300 and mixed_up_pairs(connection) == 0


def test_azure_without_its_extension_is_one_sentence(op, notes, monkeypatch):
    monkeypatch.setenv("AI_PROVIDER", "azure")
    monkeypatch.setenv(DEPLOYMENT, "small")
    with pytest.raises(ai.ModelError, match=r"this database has no azure_openai\.create_embeddings"):
        op.embed("note_vectors", key="id", source=NOTES)


def test_a_model_that_forgets_a_text_fills_nothing(op, connection, notes, monkeypatch):
    monkeypatch.setenv("AI_PROVIDER", "azure")
    monkeypatch.setenv(DEPLOYMENT, "small")
    connection.exec_driver_sql(DOUBLE.replace("ORDER BY n;", "ORDER BY n LIMIT 7;"))
    connection.commit()
    with pytest.raises(ai.ModelError, match="small gave 7 vectors of 384 numbers for 128 texts; none of them is kept"):
        op.embed("note_vectors", key="id", source=NOTES)


def test_batches_are_as_large_as_the_module_says():
    assert batches.BATCH == in_database.BATCH == 128


def test_the_extension_is_dropped_by_whoever_created_it(op, connection):
    there = sa.text("SELECT count(*) FROM pg_extension WHERE extname = 'vector'")
    op.create_extension("vector")
    op.create_extension("vector")
    op.drop_extension("vector")
    assert connection.scalar(there) == 0
    connection.exec_driver_sql("CREATE EXTENSION vector")
    op.create_extension("vector")
    op.drop_extension("vector")
    assert connection.scalar(there) == 1


def test_an_extension_that_the_server_does_not_have(op):
    with pytest.raises(sa.exc.DBAPIError, match='does not have the extension "no such; DROP'):
        op.create_extension("no such; DROP")


def test_an_extension_that_only_an_administrator_may_create(op, connection):
    connection.exec_driver_sql("CREATE ROLE nobody_special; SET LOCAL ROLE nobody_special")
    with pytest.raises(
        sa.exc.DBAPIError, match='Only an administrator of this server may create the extension "vector"'
    ):
        op.create_extension("vector")
    connection.rollback()
