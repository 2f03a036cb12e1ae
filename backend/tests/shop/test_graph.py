"""op.create_graph on tables made for the purpose: what goes in, what is refused, and what a failure leaves."""

from __future__ import annotations

import io
import json

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from shop import database
from shop.operations.graph import CreateGraph, GraphError
from tests.hostile import TEXTS
from workshop import agtype, xray

TABLES = """
    CREATE TABLE things (id integer, name text, size float8);
    CREATE TABLE pairs (one integer, other integer, why text);
    INSERT INTO things VALUES (2, 'two', 2.5), (1, 'one', NULL), (3, NULL, 1e-5);
    INSERT INTO pairs VALUES (1, 2, 'near'), (2, 1, NULL), (3, 3, 'self'), (1, 2, 'again');
"""
VERTICES = {"Thing": "SELECT id, name, size FROM things", "Name": "SELECT DISTINCT name FROM things WHERE name <> ''"}
EDGES = {
    "PAIR": ("Thing", "Thing", "SELECT one, other, why FROM pairs"),
    "CALLED": ("Thing", "Name", "SELECT id, name FROM things WHERE name IS NOT NULL"),
}


@pytest.fixture
def graph(settings):
    """A connection to a database with the tables and AGE, and ways to build a graph and to ask it."""
    with database.connect(settings) as connection:
        connection.exec_driver_sql(TABLES)
        connection.exec_driver_sql("CREATE EXTENSION age")
        connection.commit()
        yield Graph(connection)


class Graph:
    def __init__(self, connection):
        self.connection = connection
        self.op = Operations(MigrationContext.configure(connection))

    def build(self, name="things", vertices=VERTICES, edges=EDGES):
        with self.connection.begin():
            self.op.create_graph(name, vertices=vertices, edges=edges)

    def run(self, statement):
        with self.connection.begin():
            self.connection.exec_driver_sql(statement)

    def ask(self, query, parameters=None, name="things"):
        with self.connection.begin():
            self.connection.exec_driver_sql("SET LOCAL search_path = public, ag_catalog")
            given = ", %s" if parameters else ""
            found = self.connection.exec_driver_sql(
                f"SELECT * FROM cypher('{name}', $cypher$ {query} $cypher${given}) AS (answer agtype)",
                (json.dumps(parameters),) if parameters else None,
            )
            return [agtype.read(row[0]) for row in found]

    def look(self):
        return xray.snapshot(self.connection)


def test_rows_become_vertices_and_edges_and_null_stays_null(graph):
    graph.build()
    assert graph.ask("MATCH (t:Thing) RETURN {id: t.id, name: t.name, size: t.size} ORDER BY t.id") == [
        {"id": 1, "name": "one", "size": None},
        {"id": 2, "name": "two", "size": 2.5},
        {"id": 3, "name": None, "size": 1e-05},
    ]
    assert graph.ask("MATCH (t:Thing) WHERE t.name IS NULL RETURN keys(t)") == [["id", "size"]]
    pairs = graph.ask("MATCH (a:Thing)-[p:PAIR]->(b:Thing) RETURN [a.id, b.id, p.why] ORDER BY a.id, b.id, p.why")
    assert pairs == [[1, 2, "again"], [1, 2, "near"], [2, 1, None], [3, 3, "self"]]
    assert graph.ask("MATCH (a {id: 1})-[:CALLED]->(n:Name) RETURN n.name") == ["one"]


def test_a_graph_as_cypher_itself_makes_it_is_the_same(graph):
    graph.build()
    by_operation = graph.look()
    with graph.connection.begin():
        graph.op.drop_graph("things")
    with graph.connection.begin():
        graph.connection.exec_driver_sql("SET LOCAL search_path = public, ag_catalog; SELECT create_graph('things')")
    graph.ask("CREATE (a:Thing {id: 1, name: 'one', size: null}), (b:Thing {id: 2, name: 'two', size: 2.5}),"
              " (c:Thing {id: 3, size: 0.00001}), (d:Name {name: 'one'}), (e:Name {name: 'two'}),"
              " (a)-[:PAIR {why: 'near'}]->(b), (b)-[:PAIR]->(a), (c)-[:PAIR {why: 'self'}]->(c),"
              " (a)-[:PAIR {why: 'again'}]->(b), (a)-[:CALLED]->(d), (b)-[:CALLED]->(e)")  # fmt: skip
    assert not xray.compare(by_operation, graph.look())


def test_cypher_can_add_to_it_and_walk_through(graph):
    graph.build()
    graph.ask("MATCH (a:Thing {id: 3}) CREATE (a)-[:PAIR]->(:Thing {id: 4})")
    assert graph.ask(
        "MATCH (:Name {name: 'two'})<-[:CALLED]-()-[:PAIR*1..2]->(x) RETURN DISTINCT x.id ORDER BY x.id"
    ) == [1, 2]
    assert graph.ask("MATCH (:Thing {id: 3})-[:PAIR*1..3]->(x {id: 4}) RETURN count(*)") == [2]


def test_the_search_path_stays_and_nothing_temporary_is_left(graph):
    with graph.connection.begin():
        graph.connection.exec_driver_sql("SET search_path = pg_catalog, public")
        graph.op.create_graph("things", vertices=VERTICES, edges=EDGES)
        graph.op.create_graph("others", vertices=VERTICES, edges=EDGES)
        assert graph.connection.scalar(sa.text("SHOW search_path")) == "pg_catalog, public"
        left = sa.text("SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()")
        assert graph.connection.scalar(left) == 0
    assert graph.ask("MATCH (t:Thing) RETURN count(*)", name="others") == [3]


def test_300_hostile_texts_come_back_as_they_went_in(graph):
    assert len(set(TEXTS)) == 300
    with graph.connection.begin():
        graph.connection.execute(sa.text("DELETE FROM pairs; DELETE FROM things"))
        rows = [{"id": number, "name": text} for number, text in enumerate(TEXTS)]
        graph.connection.execute(sa.text("INSERT INTO things VALUES (:id, :name)"), rows)
    graph.build(edges={"SAYS": ("Thing", "Thing", "SELECT id, id AS again, name AS text FROM things")})
    assert graph.ask("MATCH (t:Thing) RETURN t.name ORDER BY t.id") == TEXTS
    assert graph.ask("MATCH (:Thing)-[s:SAYS]->(t:Thing) RETURN s.text ORDER BY t.id") == TEXTS
    found = graph.ask(
        "UNWIND $texts AS text MATCH (t:Thing {name: text}) RETURN [t.name, text, t.id]", {"texts": TEXTS}
    )
    assert sorted(found, key=lambda row: row[2]) == [[text, text, number] for number, text in enumerate(TEXTS)]
    assert graph.ask("MATCH (n) RETURN count(*)") == [300 + len({*TEXTS} - {""})]


@pytest.mark.parametrize("name", ["", "ab", "1ab", 'a"b', "a b", "x" * 64])
def test_a_name_that_is_none_is_refused_before_anything_runs(name):
    with pytest.raises(GraphError, match="cannot be the name of a graph: 3 to 63 letters"):
        CreateGraph(name, vertices=VERTICES, edges=EDGES)


def test_an_edge_of_an_undeclared_vertex_is_refused():
    with pytest.raises(GraphError, match="The edge E wants the vertex Nobody"):
        CreateGraph("things", vertices=VERTICES, edges={"E": ("Thing", "Nobody", "SELECT 1, 2")})


REFUSED = {
    "UPDATE pairs SET other = 9 WHERE one = 3": "The edge PAIR of one = 3, other = 9 points nowhere: there is no such",
    "INSERT INTO pairs VALUES (NULL, 1)": "The edge PAIR of one = null, other = 1 points nowhere: there is no such Thing",
    "INSERT INTO things VALUES (2)": "A vertex Thing needs a key of its own: id = 2 is there 2 times",
    "INSERT INTO things VALUES (NULL)": "A vertex Thing needs a key of its own: id = null is there 1 times",
    "CREATE SCHEMA things": 'There is a graph or a schema "things" already',
    "SET LOCAL search_path = public, ag_catalog; SELECT create_graph('things')": "There is a graph or a schema",
}


def test_what_cannot_be_is_named_and_leaves_nothing(graph):
    for change, said in REFUSED.items():
        with graph.connection.begin() as whole:
            graph.connection.exec_driver_sql(change)
            before = graph.look()
            with pytest.raises(sa.exc.DBAPIError) as failed:
                graph.op.create_graph("things", vertices=VERTICES, edges=EDGES)
            told = database.explain(failed.value, sa.URL.create("x"))
            assert said in told and "CONTEXT" not in told and "\n" not in told
            assert database.explains(failed.value) and not xray.compare(before, graph.look())
            whole.rollback()


def test_a_failure_in_the_transaction_that_created_the_extension_is_rolled_back_cleanly(graph):
    """AGE 1.8 makes the ROLLBACK itself fail there, unless a savepoint took the error."""
    graph.run("DROP EXTENSION age; DROP SCHEMA ag_catalog; UPDATE pairs SET other = 9")
    before = graph.look()
    with pytest.raises(sa.exc.DBAPIError, match="points nowhere"), graph.connection.begin():
        graph.op.create_extension("age")
        graph.op.create_graph("things", vertices=VERTICES, edges=EDGES)
    assert not xray.compare(before, graph.look())


def test_the_extension_and_its_schema_go_as_they_came(graph):
    graph.run("DROP EXTENSION age; DROP SCHEMA ag_catalog")
    before = graph.look()
    for _ in range(2):
        with graph.connection.begin():
            graph.op.create_extension("age", oldest="1.6")
            graph.op.create_graph("things", vertices=VERTICES, edges=EDGES)
        with graph.connection.begin():
            graph.op.drop_graph("things")
            graph.op.drop_extension("age")
        assert not xray.compare(before, graph.look())


def test_an_extension_of_the_administrators_stays(graph):
    before = graph.look()
    with graph.connection.begin():
        graph.op.create_extension("age")
        graph.op.drop_extension("age")
    assert not xray.compare(before, graph.look())


def test_a_graph_of_somebody_elses_keeps_the_extension_which_would_drop_it(graph):
    graph.run("DROP EXTENSION age; DROP SCHEMA ag_catalog")
    with graph.connection.begin():
        graph.op.create_extension("age")
        graph.op.create_graph("theirs", vertices=VERTICES, edges=EDGES)
    with (
        pytest.raises(sa.exc.DBAPIError, match='the graphs of "age" are: theirs'),
        graph.connection.begin(),
    ):
        graph.op.drop_extension("age")
    assert graph.ask("MATCH (n) RETURN count(*)", name="theirs") == [5]


def test_an_extension_that_is_too_old_is_named_with_the_version_needed(graph):
    graph.run("UPDATE pg_extension SET extversion = '1.5.0' WHERE extname = 'age'")
    with pytest.raises(sa.exc.DBAPIError) as failed, graph.connection.begin():
        graph.op.create_extension("age", oldest="1.6")
    assert 'version 1.5.0 of an extension, and needed is "age" in version 1.6 or newer' in str(failed.value.orig)


def test_without_the_extension_it_says_so(graph):
    graph.run("DROP EXTENSION age; DROP SCHEMA ag_catalog")
    with pytest.raises(sa.exc.DBAPIError, match="needs the extension age, which is not in this database"):
        graph.build()


def test_the_script_of_sql_does_the_same(graph):
    graph.build()
    wanted = graph.look()
    with graph.connection.begin():
        graph.op.drop_graph("things")
    buffer = io.StringIO()
    options = {"as_sql": True, "output_buffer": buffer, "literal_binds": True}
    context = MigrationContext.configure(dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, opts=options)
    Operations(context).create_graph("things", vertices=VERTICES, edges=EDGES)
    graph.run(buffer.getvalue().replace("%", "%%"))
    assert not xray.compare(wanted, graph.look())
    assert (
        "SELECT pg_temp.add_edges('things', 'PAIR', 'Thing', 'Thing', 'SELECT one, other, why FROM pairs')"
        in buffer.getvalue()
    )
