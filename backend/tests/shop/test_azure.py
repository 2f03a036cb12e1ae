"""The provider azure against functions of azure_ai's names: settings, throttling, a run that is broken off, the logs."""

import threading

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from shop import ai, database
from shop.ai import in_database
from shop.ai.azure import DEPLOYMENT
from workshop import azure_double

TABLES = """
    CREATE EXTENSION vector;
    CREATE TABLE notes (id integer PRIMARY KEY, body text);
    CREATE TABLE note_vectors (id integer PRIMARY KEY, embedding vector(384) NOT NULL, provider text NOT NULL,
        model text NOT NULL, dimension smallint NOT NULL, computed_at timestamptz NOT NULL DEFAULT now());
    INSERT INTO notes SELECT n, 'note ' || n FROM generate_series(1, 300) AS n;
    INSERT INTO azure_openai.known
        SELECT sha256(convert_to('note ' || n, 'UTF8')), array_fill(n::real, ARRAY[384]) FROM generate_series(1, 999) n
"""
NOTES = "SELECT id, body AS text FROM notes"
KEY = azure_double.SETTINGS["AZURE_OPENAI_KEY"]


@pytest.fixture
def run(settings):
    """Run one statement and keep what it did."""

    def act(statement, **values):
        with database.connect(settings) as connection, connection.begin():
            result = connection.execute(sa.text(statement), values)
            return result.all() if result.returns_rows else None

    return act


@pytest.fixture
def notes(settings, monkeypatch):
    """300 notes, the functions, and an environment with address and key; waiting takes no time and is noted."""
    azure_double.install(settings)
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql(TABLES)
    for name, value in azure_double.SETTINGS.items():
        if "LANGUAGE" not in name:
            monkeypatch.setenv(name, value)
    monkeypatch.setattr(in_database, "PAUSE", 0)
    waited = []
    monkeypatch.setattr(in_database.time, "sleep", waited.append)
    return waited


@pytest.fixture
def embed(settings, notes):
    """Run op.embed in a transaction of its own, as a revision would."""

    def act(source=NOTES):
        with database.connect(settings) as connection, connection.begin():
            op = Operations(MigrationContext.configure(connection))
            op.embed("note_vectors", key="id", source=source)

    return act


def whole(run):
    return run("SELECT count(*), count(*) FILTER (WHERE (embedding::real[])[1] = id) FROM note_vectors") == [(300, 300)]


# -- settings ----------------------------------------------------------------------------------------------------------


def test_settings_of_the_environment_are_made_and_cleared(embed, run, settings):
    embed()
    assert whole(run)
    assert dict(run("SELECT key, value FROM azure_ai.settings")) == {
        "azure_openai.endpoint": "https://stand-in.invalid",
        "azure_openai.subscription_key": KEY,
    }
    with database.connect(settings) as connection, connection.begin():
        Operations(MigrationContext.configure(connection)).clear_ai_settings()
    assert {value for (value,) in run("SELECT value FROM azure_ai.settings")} == {""}
    assert run("SELECT * FROM shop_ai.settings_made") == []


def test_an_administrators_settings_serve_and_stay(embed, run, settings, monkeypatch):
    for name in ("AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(ai.ModelError, match="does not know where Azure is: set AZURE_OPENAI_ENDPOINT"):
        embed()
    run("SELECT azure_ai.set_setting('azure_openai.endpoint', 'https://theirs')")
    run("SELECT azure_ai.set_setting('azure_openai.subscription_key', :key)", key=KEY)
    embed()
    assert whole(run)
    with database.connect(settings) as connection, connection.begin():
        Operations(MigrationContext.configure(connection)).clear_ai_settings()
    assert run("SELECT value FROM azure_ai.settings ORDER BY key") == [("https://theirs",), (KEY,)]


def test_an_administrators_settings_are_never_overwritten(embed, run):
    run("SELECT azure_ai.set_setting('azure_openai.endpoint', 'https://theirs')")
    with pytest.raises(ai.ModelError, match=r"administrator has set azure_openai\.endpoint .* to something else"):
        embed()
    assert run("SELECT value FROM azure_ai.settings") == [("https://theirs",)]
    run("SELECT azure_ai.set_setting('azure_openai.endpoint', 'https://stand-in.invalid')")
    embed()
    assert run("SELECT name FROM shop_ai.settings_made") == [("azure_openai.subscription_key",)]


def test_clearing_where_nothing_was_made_does_nothing(settings, connection):
    Operations(MigrationContext.configure(connection)).clear_ai_settings()


@pytest.mark.parametrize(("lost", "named"), [("AZURE_OPENAI_KEY", "ENDPOINT"), ("AZURE_OPENAI_ENDPOINT", "KEY")])
def test_half_of_a_pair_is_named(embed, monkeypatch, lost, named):
    monkeypatch.delenv(lost)
    with pytest.raises(ai.ModelError, match=f"AZURE_OPENAI_{named} is set and {lost} is not"):
        embed()


def test_a_user_who_may_make_no_settings_is_told_which_role_may(embed, run):
    run("""
        CREATE OR REPLACE FUNCTION azure_ai.set_setting(key text, value text) RETURNS void LANGUAGE plpgsql AS $$
        BEGIN RAISE insufficient_privilege USING MESSAGE = 'permission denied'; END $$
    """)
    with pytest.raises(ai.ModelError, match=r"may not make settings .*azure_ai_settings_manager") as caught:
        embed()
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("AZURE_OPENAI_KEY", "wrong-key"), "Azure does not accept the key"),
        ((DEPLOYMENT, "another"), 'no deployment "another"'),
    ],
)
def test_a_wrong_key_or_deployment_is_one_sentence_and_leaves_nothing(embed, run, monkeypatch, change, said):
    monkeypatch.setenv(*change)
    with pytest.raises(ai.ModelError, match=said) as caught:
        embed()
    assert "wrong-key" not in str(caught.value) and "\n" not in str(caught.value)
    assert run("SELECT count(*) FROM note_vectors") == [(0,)]
    assert {value for (value,) in run("SELECT value FROM azure_ai.settings")} == {""}
    monkeypatch.undo()


# -- what others could see ---------------------------------------------------------------------------------------------


def log_of(server, since):
    return server.log.read_text(encoding="utf-8")[since:]


def test_no_key_in_a_statement_in_the_activity_or_in_a_log_of_all_statements(embed, run, server, settings):
    """What the server shows of the statement that sets the key is looked at from within it."""
    run("CREATE TABLE shown (query text)")
    run("""
        CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO shown SELECT query FROM pg_stat_activity; RETURN NULL; END $$
    """)
    run("CREATE TRIGGER look AFTER INSERT OR UPDATE ON azure_ai.settings EXECUTE FUNCTION look()")
    run(f"ALTER DATABASE {settings.database_url.database} SET log_statement = 'all'")
    since = len(server.log.read_text(encoding="utf-8"))
    embed()
    logged = log_of(server, since)
    assert "azure_ai.set_setting($1, $2)" in logged and "azure_openai.create_embeddings(" in logged
    shown = " ".join(query for (query,) in run("SELECT query FROM shown"))
    assert "azure_ai.set_setting($1, $2)" in shown
    assert KEY not in logged and KEY not in shown and "note 7" not in logged


@pytest.mark.parametrize("values", ["log_parameter_max_length = -1", "log_parameter_max_length_on_error = 100"])
def test_a_server_that_would_log_the_key_is_not_given_it(embed, run, server, settings, values):
    name = settings.database_url.database
    run(f"ALTER DATABASE {name} SET {values}")
    run(f"ALTER DATABASE {name} SET log_statement = 'all'")
    since = len(server.log.read_text(encoding="utf-8"))
    with pytest.raises(ai.ModelError, match="writes the values of statements into its log"):
        embed()
    assert KEY not in log_of(server, since)
    assert run("SELECT * FROM azure_ai.settings") == []


def test_no_text_and_no_vector_comes_to_this_machine(embed, settings, monkeypatch):
    received, statements = [], []

    def note(connection, cursor, statement, *_):
        statements.append(statement)
        result = cursor.pgresult
        received.extend(result.get_value(r, c) for r in range(result.ntuples) for c in range(result.nfields))

    engine = database.engine

    def watched(*given, **more):
        made = engine(*given, **more)
        sa.event.listen(made, "after_cursor_execute", note)
        return made

    monkeypatch.setattr(database, "engine", watched)
    embed()
    assert sum("create_embeddings(" in statement for statement in statements) == 3
    everything = b" ".join(value or b"" for value in received)
    assert b"note" not in everything and KEY.encode() not in everything and len(everything) < 1000


# -- a service that refuses --------------------------------------------------------------------------------------------


def test_429_is_waited_out(embed, run, settings, notes):
    tries = in_database.ATTEMPTS
    azure_double.refuse(settings, 2 * tries + 1, after=1)
    embed()
    assert whole(run)
    assert notes == [1, 1]  # as long as the service says; the third time, the extension's own second attempt is enough
    assert azure_double.attempts(settings) == 3 + 2 * tries + 1


def test_without_a_proposal_the_waits_grow(embed, run, settings, notes):
    azure_double.refuse(settings, 3 * in_database.ATTEMPTS, "429: Too Many Requests")
    embed()
    assert whole(run) and notes == [5, 10, 20]


def test_429_without_end_is_one_sentence_and_the_work_is_kept(embed, run, settings, notes):
    azure_double.refuse(settings, 10_000, "429: Too Many Requests", after=2)
    with pytest.raises(ai.ModelError, match=r"went on refusing .*\(429\).* goes on from there"):
        embed()
    assert notes == list(in_database.WAITS)
    assert run("SELECT count(*) FROM note_vectors") == [(0,)]
    assert run("SELECT count(*) FROM shop_ai.finished") == [(256,)]
    run("DELETE FROM azure_ai.refusals")
    before = azure_double.attempts(settings)
    embed()
    assert whole(run) and azure_double.attempts(settings) == before + 1


def test_another_failure_is_passed_on_in_one_sentence(embed, settings):
    azure_double.refuse(settings, 100, "500: Internal server error", after=1)
    with pytest.raises(ai.ModelError, match=r"could not be asked: .*500: Internal server error") as caught:
        embed()
    assert "\n" not in str(caught.value)


def test_a_lost_connection_is_told_by_the_server(embed, run, settings, monkeypatch):
    azure_double.refuse(settings, in_database.ATTEMPTS, after=1)

    def end(_):
        run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'ROLLBACK' AND pid <> pg_backend_pid()"
        )

    monkeypatch.setattr(in_database.time, "sleep", end)
    with pytest.raises(sa.exc.DBAPIError):
        embed()
    monkeypatch.setattr(in_database.time, "sleep", lambda _: None)
    assert run("SELECT count(*) FROM shop_ai.finished") == [(128,)]
    embed()
    assert whole(run)


def test_finished_vectors_of_another_model_do_not_count(embed, run, settings):
    embed()
    run("DELETE FROM note_vectors")
    run("UPDATE shop_ai.finished SET model = 'another' WHERE answer[1] <= 10")
    before = azure_double.attempts(settings)
    embed()
    assert whole(run) and azure_double.attempts(settings) == before + 1
    assert run("SELECT count(*) FROM shop_ai.finished") == [(310,)]


# -- texts and vectors -------------------------------------------------------------------------------------------------


def test_a_vector_of_another_dimension_is_not_kept(embed, run):
    run("UPDATE azure_openai.known SET embedding = array_fill(1.0::real, ARRAY[500]) WHERE embedding[1] = 5")
    with pytest.raises(ai.ModelError, match="gave 127 vectors of 384 numbers for 128 texts; none of them is kept"):
        embed()
    assert run("SELECT count(*) FROM note_vectors") == [(0,)]


def test_texts_that_the_same_revision_wrote_are_named(settings, notes, run):
    with (
        pytest.raises(ai.ModelError, match="1 of 301 texts for note_vectors were written by this same revision"),
        database.connect(settings) as connection,
        connection.begin(),
    ):
        connection.exec_driver_sql("INSERT INTO notes VALUES (301, 'note 301')")
        Operations(MigrationContext.configure(connection)).embed("note_vectors", key="id", source=NOTES)
    assert run("SELECT count(*) FROM note_vectors") == [(0,)]


def test_an_unknown_text_is_said_by_the_stand_in(embed, run):
    run("INSERT INTO notes VALUES (301, 'nobody has read this')")
    with pytest.raises(ai.ModelError, match='no vector for the text "nobody has read this"'):
        embed()


def test_equal_texts_are_asked_for_once(embed, run, settings):
    run("UPDATE notes SET body = 'note 1'")
    embed()
    assert run("SELECT count(DISTINCT embedding::text), count(*) FROM note_vectors") == [(1, 300)]
    assert azure_double.attempts(settings) == 1


def test_a_table_that_somebody_writes_to_is_no_hindrance(embed, run, settings):
    with database.connect(settings) as writer:
        writer.exec_driver_sql("UPDATE notes SET body = body WHERE id = 1")
        worker = threading.Thread(target=embed)
        worker.start()
        worker.join(timeout=30)
        assert not worker.is_alive()
    assert whole(run)
