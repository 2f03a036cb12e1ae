"""%%cypher in a real shell: columns, parameters, errors that teach, and texts that stay texts."""

from __future__ import annotations

import pandas as pd
import pytest

from shop import database
from tests.hostile import TEXTS
from workshop import cypher
from workshop.agtype import Path, Vertex
from workshop.draw import DrawError, Drawing
from workshop.magics import QueryError


@pytest.fixture
def ask(shell, settings):
    """Run a cell; the graph has three people, two of whom know others."""
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql("CREATE EXTENSION age; SET LOCAL search_path = public, ag_catalog")
        connection.exec_driver_sql("SELECT create_graph('shop_graph'), create_graph('other_graph')")

    def run(query, line="", **names):
        shell.user_ns.update(names)
        return shell.run_cell_magic("cypher", line, query)

    run(
        "CREATE (a:Person {id: 1, name: 'Ada'})-[:KNOWS {since: 1}]->(b:Person {id: 2, name: 'Bo'})-[:KNOWS]->(:City {id: 3})"
    )
    return run


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        ("MATCH (p) RETURN p", ["p"]),
        ("MATCH (p) RETURN DISTINCT p.name, p.id AS `the key`, count(*) ORDER BY p.name", ["p.name", "the key", "count"]),
        ("MATCH (p) RETURN p, p LIMIT 1;", ["p", "p 2"]),
        ("MATCH (p) WHERE p.name = 'RETURN x, y' RETURN p // RETURN a, b", ["p"]),
        ("MATCH (p) RETURN {a: p, b: [1, 2]}, [x IN [1, 2] WHERE x > 1 | x]", ["{a: p, b: [1, 2]}", "[x IN [1, 2] WHERE x > 1 | x]"]),
        ("MATCH (p) WHERE EXISTS { MATCH (p)-->(q) RETURN q } RETURN p.name AS n", ["n"]),
        ("RETURN 1 AS a UNION RETURN 2 AS a", ["a"]),
        ("MATCH (p) WITH p.name AS n RETURN n SKIP 1 LIMIT 1", ["n"]),
        ("MATCH (p) RETURN p.return AS r", ["r"]),
        ("CREATE (:Person)", ["nothing"]),
    ],
)  # fmt: skip
def test_the_columns_are_those_of_return(query, columns):
    assert list(cypher.parse(query).columns) == columns


def test_rows_come_back_as_values_in_a_data_frame(ask):
    rows = ask("MATCH path = (a:Person)-[k:KNOWS]->(b) RETURN a, k.since, path, b.name ORDER BY a.id")
    assert isinstance(rows, pd.DataFrame) and list(rows.columns) == ["a", "k.since", "path", "b.name"]
    assert isinstance(rows["a"][0], Vertex) and isinstance(rows["path"][0], Path)
    assert rows["k.since"].tolist()[0] == 1 and pd.isna(rows["k.since"][1]) and pd.isna(rows["b.name"][1])
    assert [str(path) for path in rows["path"]] == ["Ada -[KNOWS]-> Bo", "Bo -[KNOWS]-> City 3"]


def test_rows_are_kept_under_a_name_and_another_graph_is_asked(ask, shell):
    assert ask("found << MATCH (p:Person) RETURN count(*) AS n") is None
    assert shell.user_ns["found"]["n"].tolist() == [2]
    assert ask("MATCH (p) RETURN count(*) AS n", "other_graph")["n"].tolist() == [0]


def test_parameters_are_the_variables_of_the_notebook(ask):
    import numpy as np

    one = ask(
        "MATCH (p:Person {id: $key}) RETURN p.name AS n, $many AS m", key=np.int64(2), many=[1, None, {"a": True}]
    )
    assert one["n"].tolist() == ["Bo"] and one["m"].tolist() == [[1, None, {"a": True}]]
    assert ask("RETURN '$key' AS text, \"50%\" AS percent")["text"].tolist() == ["$key"]
    with pytest.raises(QueryError, match=r'There is no variable "missing" in this notebook for \$missing'):
        ask("MATCH (p {id: $missing}) RETURN p")
    with pytest.raises(QueryError, match="A value of the type set cannot be a parameter"):
        ask("RETURN $odd AS odd", odd={1})


def test_300_hostile_texts_as_parameters_are_stored_and_returned_unchanged(ask):
    ask("UNWIND $texts AS text CREATE (:Text {text: text})", texts=TEXTS)
    for text in TEXTS[::6]:
        assert ask(
            "MATCH (t:Text {text: $text}) RETURN t.text AS stored, $text AS given", text=text
        ).to_numpy().tolist() == [[text, text]]
    assert sorted(ask("MATCH (t:Text) RETURN t.text AS text")["text"]) == sorted(TEXTS)
    assert ask("MATCH (p:Person) RETURN count(*) AS n")["n"].tolist() == [2]


HINTS = {
    "MATCH (:Person) RETURN p": r"There is no variable p in the pattern.*write \(p:Product\)",
    "MATCH (p:Person|City) RETURN p": "no choice of labels",
    "MATCH path = shortestPath((a:Person)-[*]-(b:City)) RETURN path": "no shortestPath",
    "CALL { MATCH (p:Person) RETURN p } RETURN p": r"no CALL \{\.\.\.\}",
    "RETURN date('2026-01-01') AS d": "no dates",
    "RETURN nosuch(1) AS d": r"does not know nosuch\(\)",
    "MATCH (p:Person) RETURN *": r"RETURN \* does not say which columns",
    " ": "holds no query",
    "// only a comment": "holds no query",
}


def test_errors_that_teach(ask):
    for query, hint in HINTS.items():
        with pytest.raises(QueryError, match=rf"(?s){hint}"):
            ask(query)


def test_the_place_of_an_error_is_shown_in_the_query_itself(ask):
    with pytest.raises(QueryError) as failed:
        ask("MATCH (p:Person)\nRETRUN p.name")
    assert str(failed.value).splitlines() == ['syntax error at or near "RETRUN"', "RETRUN p.name", "^"]


def test_a_graph_or_a_label_that_is_not_there_is_named(ask, capsys):
    with pytest.raises(QueryError, match=r'graph "nowhere" does not exist\nIs the database at 0013_build_graph'):
        ask("MATCH (n) RETURN n", "nowhere")
    assert ask("MATCH (p:Persons {id: 1})-[:KNOWS]->(c:City) RETURN p").empty
    assert "The graph has no label Persons; it has City, KNOWS, Person." in capsys.readouterr().out
    assert ask("MATCH (p:Person {id: 99}) RETURN p").empty
    assert capsys.readouterr().out == "No rows.\n"


def test_without_age_it_says_what_brings_it(shell):
    with pytest.raises(QueryError, match="Apache AGE is not in this database: 0013_build_graph brings it"):
        shell.run_cell_magic("cypher", "", "MATCH (n) RETURN n")


def test_what_fails_is_rolled_back_and_the_path_is_as_it_was(ask, shell):
    with pytest.raises(QueryError, match="division by zero"):
        ask("MATCH (p:Person) SET p.id = 7 / 0 RETURN p")
    ask("MATCH (p:Person {id: 1}) SET p.name = 'Ida'")
    assert sorted(ask("MATCH (p:Person) RETURN p.name AS n")["n"]) == ["Bo", "Ida"]
    assert shell.run_line_magic("sql", "SHOW search_path").iloc[0, 0] == '"$user", public'


def test_explain_returns_the_plan(ask):
    plan = ask("EXPLAIN MATCH (p:Person {id: $key}) RETURN p", key=1)
    assert any("@>" in line for line in plan["plan"])
    measured = ask("EXPLAIN ANALYZE MATCH (p:Person {id: $key}) RETURN p", key=1)
    assert any("Execution Time" in line for line in measured["plan"])


def test_100000_rows(ask):
    rows = ask("UNWIND range(1, 100000) AS n RETURN n, {key: n} AS map")
    assert len(rows) == 100_000 and rows["map"][99_999] == {"key": 100_000}


def test_vertices_edges_and_paths_are_drawn_when_asked(ask):
    drawn = ask("MATCH path = (a:Person)-[]->(b) RETURN path", "--draw")
    assert isinstance(drawn, Drawing) and "Ada KNOWS Bo; Bo KNOWS City 3" in drawn.description
    assert all(word in drawn.svg for word in ("Ada", "KNOWS", "City 3", 'role="img"')) and "http://www.w3" in drawn.svg
    some = ask("MATCH (a:Person)-[k]->(b) RETURN [a, k] AS pair", "--draw").description
    assert "1 edges are not drawn" in some
    with pytest.raises(DrawError, match="no vertex to draw"):
        ask("MATCH (p:Person) RETURN p.name", "--draw")
    ask("UNWIND range(1, 61) AS n CREATE (:Many {id: n})")
    with pytest.raises(DrawError, match="61 vertices are more than 60"):
        ask("MATCH (m:Many) RETURN m", "--draw")


def test_a_drawing_takes_a_hostile_caption_as_text(ask):
    ask("CREATE (:Text {name: $name})", name="<script>alert(1)</script> $x$ %s & 🎧")
    drawn = ask("MATCH (t:Text) RETURN t", "--draw")
    assert "<script>" not in drawn.svg and "&lt;script&gt;" in drawn.svg


def test_an_ordinary_user_needs_no_load(ask, settings, shell):
    """Where AGE is not preloaded an ordinary user may not LOAD it, and need not: a function of AGE's loads it."""
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql("DROP ROLE IF EXISTS cypherist; CREATE ROLE cypherist LOGIN PASSWORD 'c'")
        connection.exec_driver_sql("GRANT USAGE ON SCHEMA shop_graph TO cypherist")
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA shop_graph TO cypherist")
    url = settings.database_url.set(username="cypherist", password="c")
    shell.run_line_magic("sql", url.render_as_string(hide_password=False))
    try:
        with pytest.raises(QueryError, match="GRANT USAGE ON SCHEMA ag_catalog"):
            ask("MATCH (p:Person) RETURN p")
        with database.connect(settings) as connection, connection.begin():
            connection.exec_driver_sql("GRANT USAGE ON SCHEMA ag_catalog TO cypherist")
        assert ask("MATCH (p:Person) RETURN count(*) AS n")["n"].tolist() == [2]
    finally:
        shell.run_line_magic("sql", "")
        with database.connect(settings) as connection, connection.begin():
            connection.exec_driver_sql("DROP OWNED BY cypherist; DROP ROLE cypherist")


def test_a_query_that_holds_the_dollar_quote_is_wrapped_in_another(ask):
    assert ask("RETURN '$cypher$ $cypher1$' AS text")["text"].tolist() == ["$cypher$ $cypher1$"]
