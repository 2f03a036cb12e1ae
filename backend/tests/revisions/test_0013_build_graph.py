"""0013_build_graph: the tables once more as a graph, by an owner who is no administrator, too, and none of it left."""

from __future__ import annotations

import json
import threading

import pytest
import sqlalchemy as sa

from shop import database
from workshop import chain, checks, doctor, steps, xray

COUNTED = {
    "Product": "products", "Feature": "features", "Review": "reviews", "User": "users",
    "HAS_FEATURE": "product_features", "HAS_REVIEW": "reviews", "MENTIONS": "review_mentions", "IN_CATEGORY": "products",
}  # fmt: skip


def labels(look):
    return {name.partition(".")[2]: look.items["graph", name] for name in look.names("graph")}


def test_what_it_builds(revision):
    seen = revision.up()
    assert seen.count("extension") == 1 and seen.count("table") == seen.count("column") == 0
    found = labels(revision.look())
    for label, table in COUNTED.items():
        assert found[label]["rows"] == revision.run(f"SELECT count(*) FROM {table}")[0][0], label
    assert found["WROTE"]["rows"] == revision.run("SELECT count(user_id) FROM reviews")[0][0]
    assert all(not one.get("dangling") for one in found.values())


def test_it_carries_nothing_of_a_shopper_but_the_key(revision):
    revision.run("UPDATE users SET first_name = 'Qqfirst', last_name = 'Qqlast', profile = 'Qqlife'")
    revision.up()
    texts = revision.run("SELECT string_agg(properties::text, ' ') FROM shop_graph._ag_label_vertex")[0][0]
    assert not [word for word in ("@example", "Qq", "password", "author", "email") if word in texts]
    users = revision.run('SELECT properties::text FROM shop_graph."User"')
    assert {tuple(json.loads(one)) for (one,) in users} == {("id",)}


def test_a_review_that_somebody_changes_later_is_named_by_the_check(revision, connection):
    """Tables and graph drift apart after a late change; the check says in which row."""
    revision.up()
    revision.run("UPDATE reviews SET rating = 1 + rating % 5 WHERE id = 3")
    report = checks.run(revision.step, connection)
    [broken] = [result for result in report.results if not result.kept]
    assert any(": id 3, rating" in reason for reason in broken.reasons()), str(report)


MUTATIONS = {
    "one edge": "DELETE FROM shop_graph.\"WROTE\" WHERE ctid = (SELECT min(ctid) FROM shop_graph.\"WROTE\")",
    "an edge twice": 'INSERT INTO shop_graph."WROTE" (start_id, end_id, properties) '
    'SELECT start_id, end_id, properties FROM shop_graph."WROTE" LIMIT 1',
    "one property": "UPDATE shop_graph.\"MENTIONS\" SET properties = replace(properties::text, 'positive', 'None')"
    "::agtype WHERE ctid = (SELECT min(ctid) FROM shop_graph.\"MENTIONS\" WHERE properties::text LIKE '%positive%')",
    "one digit": 'UPDATE shop_graph."Product" SET properties = agtype_build_map_nonull(\'id\', 1, \'name\', \'x\') '
    "WHERE ctid = (SELECT min(ctid) FROM shop_graph.\"Product\")",
    "one label": 'ALTER TABLE shop_graph."WROTE" RENAME TO "WROTES"',
}  # fmt: skip


def test_every_small_mutation_is_noticed_by_xray_and_check(revision, connection):
    revision.up()
    before = revision.look()
    for name, statement in MUTATIONS.items():
        with connection.begin() as whole:
            connection.exec_driver_sql("SET LOCAL search_path = public, ag_catalog")
            connection.exec_driver_sql(statement.replace("%", "%%"))
            assert xray.compare(before, xray.snapshot(connection)), name
            assert any(not kept(promise, connection) for promise in checks.promises(revision.step)), name
            whole.rollback()


def kept(promise, connection):
    """Look at a promise inside the open transaction, which checks.judge would end."""
    look = checks.Look(connection)
    with connection.begin_nested() as one:
        try:
            promise(look)
        except sa.exc.DBAPIError:
            return False
        one.rollback()
    return not look.faults


# -- what stands in the way --------------------------------------------------------------------------------------------


def test_where_the_server_has_no_age_the_steps_before_stay(revision):
    """PostgreSQL 18 finds extensions on a path; with an empty one it has none, like a server without AGE."""
    if revision.run("SHOW server_version_num")[0][0] < "180000":
        pytest.skip("extension_control_path came with PostgreSQL 18")
    name = revision.settings.database_url.database
    revision.run(f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'")
    before = revision.look()
    with pytest.raises(steps.StepError) as failed:
        revision.up()
    said = str(failed.value)
    assert 'This server does not have the extension "age" in version 1.6 or newer' in said
    assert "Dev Container" in said and "`workshop doctor`" in said and "\n" not in said
    assert steps.current(revision.settings) == revision.step.before
    assert not xray.compare(before, revision.look())


def test_a_graph_of_that_name_is_somebodys_and_stays(revision):
    revision.run("CREATE EXTENSION age")
    revision.run("SET LOCAL search_path = public, ag_catalog; SELECT create_graph('shop_graph')")
    before = revision.look()
    with pytest.raises(steps.StepError, match='There is a graph or a schema "shop_graph" already'):
        revision.up()
    assert not xray.compare(before, revision.look())


def test_a_failure_in_the_middle_leaves_nothing_and_the_next_run_succeeds(revision, monkeypatch):
    """In the transaction that created the extension, where AGE 1.8 itself cannot roll back."""
    from shop.operations import graph

    monkeypatch.setattr(graph, "_FINISH", graph._FINISH.replace("BEGIN\n", "BEGIN PERFORM 1 / 0;\n", 1))
    with pytest.raises(steps.StepError, match="division by zero"):
        revision.up()
    assert revision.leaves_no_trace() and steps.current(revision.settings) == revision.step.before
    monkeypatch.undo()
    revision.up()


def test_a_graph_of_somebodys_keeps_the_extension(revision):
    revision.up()
    revision.run("SET LOCAL search_path = public, ag_catalog; SELECT create_graph('mine_too')")
    full = revision.look().fingerprint
    with pytest.raises(
        steps.StepError, match=r"Something of somebody's own uses .*the graphs of \"age\" are: mine_too"
    ):
        revision.down()
    assert revision.look().fingerprint == full


# -- an owner who is no administrator ----------------------------------------------------------------------------------


@pytest.fixture
def owner(revision):
    """The database at the step before, in the hands of an ordinary user; an administrator installed the extension."""
    url = revision.settings.database_url
    role = f"owner_{threading.get_ident() % 100000}"
    revision.run(f"CREATE ROLE {role} LOGIN PASSWORD 'o'")
    revision.run(f"ALTER DATABASE {url.database} OWNER TO {role}; GRANT CREATE, USAGE ON SCHEMA public TO {role}")
    revision.run(f"""
        DO $$ DECLARE one record; BEGIN
            FOR one IN SELECT oid::regclass AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace
                       AND relkind = 'r' LOOP
                EXECUTE format('ALTER TABLE %s OWNER TO {role}', one.name);
            END LOOP;
        END $$""")
    settings = revision.settings.__class__(url.set(username=role, password="o"), embedded=False)
    yield settings
    revision.run(f"ALTER DATABASE {url.database} OWNER TO CURRENT_USER; REASSIGN OWNED BY {role} TO CURRENT_USER")
    revision.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_an_ordinary_owner_is_told_what_an_administrator_has_to_do(revision, owner, monkeypatch):
    before = revision.look()
    monkeypatch.setenv("DATABASE_URL", owner.database_url.render_as_string(hide_password=False))
    with pytest.raises(steps.StepError, match='Only an administrator of this server may create the extension "age"'):
        steps.upgrade(owner, revision.step.name)
    assert "CREATE EXTENSION age" in line_of_age().mend
    assert steps.current(owner) == revision.step.before and not xray.compare(before, revision.look())
    revision.run("CREATE EXTENSION age")
    before = revision.look()
    with pytest.raises(steps.StepError, match="GRANT USAGE ON SCHEMA ag_catalog TO owner_"):
        steps.upgrade(owner, revision.step.name)
    assert "GRANT USAGE ON SCHEMA ag_catalog" in line_of_age().mend
    assert not xray.compare(before, revision.look())


def test_an_ordinary_owner_goes_up_and_down_and_the_extension_stays(revision, owner, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", owner.database_url.render_as_string(hide_password=False))
    revision.run(f"CREATE EXTENSION age; GRANT USAGE ON SCHEMA ag_catalog TO {owner.database_url.username}")
    assert line_of_age().ok
    with database.connect(owner) as connection:
        before = xray.snapshot(connection)
    steps.upgrade(owner, revision.step.name)
    with database.connect(owner) as connection:
        assert checks.run(revision.step, connection).kept
        assert xray.snapshot(connection).names("graph")
    steps.downgrade(owner, revision.step.before)
    with database.connect(owner) as connection:
        assert not xray.compare(before, xray.snapshot(connection))


def line_of_age():
    return next(line for line in doctor.checks() if line.name == "extension age")


def test_the_last_step_of_the_short_path_is_here():
    assert chain.SHORT_PATH[-1] == "0013_build_graph"
