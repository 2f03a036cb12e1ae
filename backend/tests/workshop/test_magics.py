"""%sql: what fails fails the cell, what runs leaves nothing open, and SQL arrives as it was written."""

import _thread
import threading

import nbclient
import nbformat
import pandas as pd
import pytest
import sqlalchemy as sa

from shop import database
from workshop import checkpoints, magics


@pytest.fixture
def run(shell):
    """Run a cell and return its value; it must succeed."""

    def cell(text):
        done = shell.run_cell(text)
        done.raise_error()
        return done.result

    return cell


@pytest.fixture
def fail(shell):
    """Run a cell that must fail, and return the reader's error."""

    def cell(text):
        done = shell.run_cell(text)
        assert isinstance(done.error_in_exec, magics.ExplainedError), done
        return str(done.error_in_exec)

    return cell


@pytest.fixture
def outside(settings):
    """Ask the database from another session."""

    def ask(query, **parameters):
        with database.connect(settings) as connection:
            return connection.execute(sa.text(query), parameters).all()

    return ask


@pytest.fixture
def nothing_open(outside):
    def ask():
        query = (
            "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'"
        )
        return outside(query) == []

    return ask


# -- results -----------------------------------------------------------------------------------------------------------


def test_rows_are_a_frame(run):
    frame = run("%%sql\nSELECT 1 AS one, 'a' AS letter UNION SELECT 2, 'b' ORDER BY 1")
    assert isinstance(frame, pd.DataFrame)
    assert frame.to_dict("list") == {"one": [1, 2], "letter": ["a", "b"]}


def test_no_rows_keep_their_columns(run):
    assert list(run("%sql SELECT 1 AS one WHERE false").columns) == ["one"]


def test_columns_of_one_name(run):
    assert list(run("%sql SELECT 1 AS id, 2 AS id").columns) == ["id", "id_1"]


def test_long_texts_are_shown(run):
    assert "x" * 95 in run("%sql SELECT repeat('x', 95) AS long")._repr_html_()


def test_rows_under_a_name(run, shell):
    assert run("%%sql found <<\nSELECT 7 AS n") is None
    assert run("%sql also << SELECT 8 AS n") is None
    assert (shell.user_ns["found"].n[0], shell.user_ns["also"].n[0]) == (7, 8)


def test_a_name_must_be_one(fail):
    assert "cannot be the name of a variable" in fail("%%sql my-name <<\nSELECT 1")


def test_a_failure_leaves_the_name_alone(fail, shell):
    fail("%%sql found <<\nSELECT 1/0")
    assert "found" not in shell.user_ns


def test_several_statements_give_the_last_rows(run, capsys):
    frame = run(
        "%%sql\nCREATE TABLE t (a int); INSERT INTO t VALUES (1), (2);\nSELECT 'first'; SELECT * FROM t; -- the end\n-- really"
    )
    assert list(frame.a) == [1, 2]
    assert capsys.readouterr().out.startswith("CREATE TABLE: done\nINSERT: 2 rows\nOut")


def test_statements_without_rows_say_what_they_did(run, capsys):
    assert run("%sql CREATE TABLE t (a int)") is None
    assert run("%sql INSERT INTO t VALUES (1)") is None
    assert run("%sql INSERT INTO t VALUES (2), (3)") is None
    assert capsys.readouterr().out == "CREATE TABLE: done\nINSERT: 1 row\nINSERT: 2 rows\n"
    assert list(run("%sql UPDATE t SET a = a + 1 RETURNING a").a) == [2, 3, 4]


@pytest.mark.parametrize("cell", ["%%sql\n-- your query here", "%%sql\n/* later */ ;"])
def test_a_comment_is_nothing_to_run(run, capsys, cell):
    assert run(cell) is None
    assert "Nothing to run" in capsys.readouterr().out


# -- failures ----------------------------------------------------------------------------------------------------------


def test_a_failed_statement_fails_the_cell(fail, capsys):
    said = fail("%%sql\nSELECT *\nFROM nowhere")
    assert said.splitlines() == ['relation "nowhere" does not exist', "LINE 2: FROM nowhere", "             ^"]
    printed = capsys.readouterr()
    assert "Traceback" not in printed.out + printed.err
    assert printed.out.count("nowhere") == 2  # the message, once


def test_nothing_stays_open(run, fail, nothing_open):
    for cell in (
        "SELECT 1",
        "CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        "SELECT * FROM t",
        "VACUUM t",
    ):
        run(f"%sql {cell}")
        assert nothing_open(), cell
    for cell in ("SELECT * FROM t, nowhere", "LOCK t; SELECT 1/0", "INSERT INTO t VALUES (1), (1)", "SELECT :missing",
                 "LOCK t; BEGIN", "VACUUM nowhere", "LOCK t; VACUUM t", "SELEC 1"):  # fmt: skip
        fail(f"%sql {cell}")
        assert nothing_open(), cell


def test_the_cell_after_a_failed_one_works(run, fail):
    fail("%sql SELECT 1/0")
    assert run("%sql SELECT 1 AS n").n[0] == 1


def test_a_cell_is_kept_whole_or_not_at_all(run, fail, outside):
    run("%sql CREATE TABLE t (a int)")
    fail("%%sql\nINSERT INTO t VALUES (1);\nSELECT 1/0")
    assert outside("SELECT * FROM t") == []


def test_rollback_undoes_a_cell(run, outside):
    frame = run("%%sql\nCREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\nSELECT * FROM t;\nROLLBACK;")
    assert list(frame.a) == [1]
    assert outside("SELECT to_regclass('t')") == [(None,)]


def test_what_fails_at_commit_fails_the_cell(run, fail, nothing_open):
    run("%sql CREATE TABLE t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
    assert "duplicate key" in fail("%sql INSERT INTO t VALUES (1), (1)")
    assert nothing_open()
    run("%%sql\nINSERT INTO t VALUES (1); INSERT INTO t VALUES (1); DELETE FROM t")  # mended before the end


def test_ctrl_c_leaves_nothing_open(run, shell, nothing_open):
    run("%sql CREATE TABLE t (a int)")
    threading.Timer(0.5, _thread.interrupt_main).start()
    done = shell.run_cell("%sql LOCK t; SELECT pg_sleep(20)")
    assert isinstance(done.error_in_exec, KeyboardInterrupt)
    assert nothing_open()
    assert run("%sql SELECT 1 AS n").n[0] == 1


@pytest.mark.parametrize(
    ("cell", "way_out"),
    [
        ("%%sql\nBEGIN; SELECT 1", "ROLLBACK"),
        ("%%sql\n-- now\nstart transaction; SELECT 1", "ROLLBACK"),
        ("%sql \\d products", "psql"),
        ("%sql COPY t FROM STDIN", "op.copy_csv"),
        ("%sql --persist frame", "SQL only"),
    ],
)
def test_what_a_cell_cannot_do(fail, run, cell, way_out):
    assert way_out in fail(cell)
    run("%sql SELECT 1")


# -- the connection ----------------------------------------------------------------------------------------------------


def test_after_the_session_was_ended(run, settings):
    run("%sql SELECT 1")
    with checkpoints.maintenance(settings) as connection:
        connection.execute(
            sa.text("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = :name"),
            {"name": settings.database_url.database},
        )
    assert run("%sql SELECT 1 AS n").n[0] == 1


def test_after_the_database_was_swapped(run, settings):
    run("%sql CREATE TABLE t (a int)")
    checkpoints.replace(settings, "template0")
    assert run("%sql SELECT to_regclass('t') AS t").t[0] is None


def test_a_session_that_ends_while_it_works(fail, run):
    assert "was stopped while the statement ran" in fail("%sql SELECT pg_terminate_backend(pg_backend_pid())")
    assert run("%sql SELECT 1 AS n").n[0] == 1


def test_after_the_address_changed(run, settings, monkeypatch):
    run("%sql SELECT 1")
    other = settings.database_url.set(database="postgres").render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", other)
    assert run("%sql SELECT current_database() AS db").db[0] == "postgres"


def test_the_session_is_kept_from_cell_to_cell(run):
    run("%sql SET work_mem = '5MB'")
    assert run("%sql SHOW work_mem").work_mem[0] == "5MB"


def test_an_address_of_ones_own(run, settings, capsys):
    address = settings.database_url.set(database="postgres").render_as_string(hide_password=False)
    assert run(f"%sql {address} SELECT current_database() AS db").db[0] == "postgres"
    assert run("%%sql\nSELECT current_database() AS db").db[0] == "postgres"
    assert run("%sql") is None  # and back
    assert run("%sql SELECT current_database() AS db").db[0] == settings.database_url.database
    assert settings.database_url.password not in capsys.readouterr().out


def test_an_address_from_the_environment(run, settings, monkeypatch):
    monkeypatch.setenv(
        "ELSEWHERE", settings.database_url.set(database="postgres").render_as_string(hide_password=False)
    )
    assert run("%sql $ELSEWHERE SELECT current_database() AS db").db[0] == "postgres"


@pytest.mark.parametrize(
    ("address", "cause"),
    [
        ("postgresql://me:hush-hush@127.0.0.1:1/db", "no PostgreSQL listens"),
        ("postgresql://me:hush-hush@127.0.0.1:x/db", "not an address"),
        ("postgresql://me:hush-hush@127.0.0.1:1", "names no database"),
        ("mysql://me:hush-hush@127.0.0.1/db", "PostgreSQL only"),
    ],
)
def test_an_address_that_leads_nowhere(fail, run, capsys, settings, address, cause):
    said = fail(f"%sql {address}")
    printed = capsys.readouterr()
    assert cause in said
    assert "hush-hush" not in said + printed.out + printed.err
    assert "DATABASE_URL" not in said
    assert run("%sql SELECT current_database() AS db").db[0] == settings.database_url.database


def test_no_connection_fails_the_cell(fail, settings, monkeypatch, capsys):
    address = settings.database_url.set(database="workshop_nowhere").render_as_string(hide_password=False)
    monkeypatch.setenv("DATABASE_URL", address)
    said = fail("%sql SELECT 1")
    assert 'has no database "workshop_nowhere"' in said
    assert settings.database_url.password not in said + capsys.readouterr().out


# -- the text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'{}'::jsonb", {}),
        ("""'{"a": {"b": 1}, "c":true, "x":"{name}"}'::jsonb -> 'c'""", True),
        ("""'{"name":{"name":"$name"}}'::jsonb""", {"name": {"name": "$name"}}),
        ("'{name}'", "{name}"),
        ("'$name'", "$name"),
        ("$$MATCH (n:name)$$", "MATCH (n:name)"),
        ("$a$it's :name$a$", "it's :name"),
        ("$$ends with :$$::text", "ends with :"),
        ("'12:30'::time::text", "12:30:00"),
        ("':name'", ":name"),
        ("' :name:name '", " :name:name "),
        (r"'a1' ~ '^(?:a|b)[[:digit:]]{1,2}$'", True),
        (r"regexp_replace('a.b', '\.', '\\')", r"a\b"),
        (r"E'a\'b\\:c'", r"a'b\:c"),
        (r"'C:\'", "C:\\"),
        ("'50%' LIKE '%\\%'", True),
        ("7 % 4", 3),
        ("'%(name)s %s %%'", "%(name)s %s %%"),
        ("(ARRAY[1, 2, 3])[2:3]", [2, 3]),
        ("1 /* :name ' */ + 1 -- it's :name", 2),
        ('(SELECT ":name" FROM (SELECT 5 AS ":name") AS t)', 5),
        (":name", "bound"),
        (":name::text || ':name'", "bound:name"),
        ("'Bound' ILIKE :name", True),
        ("2 = ANY(:some)", True),
        (":number * 2", 6),
        (":nothing::int", None),
    ],
)
def test_sql_arrives_as_written(run, shell, expression, value):
    shell.user_ns.update(name="bound", some=[1, 2], number=3, nothing=None, digit="X", n="X", a="X")
    for cell in (f"%%sql\nSELECT\n{expression}\nAS value", f"%sql SELECT {expression.partition(' -- ')[0]} AS value"):
        found = run(cell).value[0]
        assert found == value or (value is None and pd.isna(found))


def test_a_line_may_hold_what_looks_like_an_option(run):
    assert run("""%sql SELECT '{"a": "x  y"}'::jsonb ->> 'a' AS a, 5 -1 AS b -- the end""").values.tolist() == [
        ["x  y", 4]
    ]


def test_a_parameter_of_a_function(run):
    run("def twice(n):\n    return get_ipython().run_line_magic('sql', 'SELECT :n * 2 AS n').n[0]")
    assert run("twice(21)") == 42


def test_a_parameter_without_a_variable(fail):
    assert 'no variable "missing"' in fail("%sql SELECT :missing")


def test_a_parameter_that_postgresql_cannot_take(fail):
    assert "cannot adapt" in fail("%sql SELECT :get_ipython")


def test_a_function_with_a_body(run):
    body = "DECLARE x int; BEGIN IF n > 0 THEN x := n; END IF; RETURN x; END"
    run(f"%%sql\nCREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $f$ {body} $f$;\nSELECT f(1)")
    assert run("%sql SELECT f(3) AS n").n[0] == 3


# -- what refuses to run in a transaction ------------------------------------------------------------------------------


def test_alone_without_a_transaction(run, fail, outside, settings, nothing_open):
    name = f"{settings.database_url.database}_kept_1"
    run("%sql CREATE TABLE t (a int)")
    run("%sql VACUUM ANALYZE t")
    run("%%sql\n-- beside the readers\nCREATE INDEX CONCURRENTLY t_a ON t (a);")
    run(f"%sql CREATE DATABASE {name}")
    run(f"%sql DROP DATABASE {name}")
    assert outside("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass") == [(True,)]
    fail("%%sql\nINSERT INTO t VALUES (1);\nSELECT 1/0")  # transactions are back
    assert outside("SELECT * FROM t") == []
    assert nothing_open()


def test_not_in_company(run, fail, outside):
    run("%sql CREATE TABLE t (a int)")
    said = fail("%%sql\nINSERT INTO t VALUES (1);\nVACUUM t;")
    assert "cannot run inside a transaction block" in said
    assert "a cell of its own" in said
    assert outside("SELECT * FROM t") == []


# -- a real kernel -----------------------------------------------------------------------------------------------------


def test_in_a_kernel(settings):
    notebook = nbformat.v4.new_notebook()
    cells = [
        "%load_ext workshop",
        "%%sql\nSELECT 'real' AS kernel",
        "%%sql\nSELECT *\nFROM nowhere",
        "%sql SELECT 1 AS n",
    ]
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=True).execute()
    loaded, rows, failed, after = (cell.outputs for cell in notebook.cells)
    assert loaded == []
    assert "<td>real</td>" in rows[0].data["text/html"]
    assert [one.output_type for one in failed] == ["error"]
    assert failed[0].ename == "QueryError"
    assert failed[0].evalue.startswith('relation "nowhere" does not exist\nLINE 2: FROM nowhere')
    assert failed[0].traceback == [f"QueryError: {failed[0].evalue}"]
    assert "<td>1</td>" in after[0].data["text/html"]
    assert settings.database_url.password not in nbformat.writes(notebook)
