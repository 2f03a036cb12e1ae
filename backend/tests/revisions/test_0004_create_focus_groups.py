"""0004_create_focus_groups: three tables, two columns, and weights that sum to 1 whenever a transaction ends."""

import threading

import pytest
import sqlalchemy as sa

from shop import database

GROUP = "INSERT INTO focus_groups (id, name, description) VALUES (:id, 'Cyclists', 'They ride.')"
WEIGHT = "INSERT INTO focus_group_dimension_weights (focus_group_id, dimension_id, weight, rationale, effective_from)"
# a group with the weights 0.600 and 0.400, in one transaction because it is one statement
CYCLISTS = f"""
    WITH g AS (INSERT INTO focus_groups (name, description) VALUES ('Cyclists', 'They ride.') RETURNING id),
         d AS (INSERT INTO dimensions (name, description) VALUES ('Sound', 'd'), ('Battery', 'd') RETURNING id, name)
    {WEIGHT}
    SELECT g.id, d.id, CASE d.name WHEN 'Sound' THEN 0.6 ELSE 0.4 END, 'A reason.', '2026-01-01' FROM g, d
"""


@pytest.fixture
def cyclists(revision):
    revision.up()
    revision.run(CYCLISTS)
    return revision


def current(revision):
    return revision.run("""
        SELECT g.name, sum(w.weight)::text FROM focus_groups g JOIN focus_group_dimension_weights w
        ON w.focus_group_id = g.id WHERE w.is_current GROUP BY g.name ORDER BY g.name
    """)


def test_what_it_adds_and_that_rows_stay(revision):
    seen = revision.up()
    assert [seen.count(kind) for kind in ("table", "trigger", "function")] == [3, 1, 1]
    assert [seen.rows(table) for table in ("users", "features")] == [0, 0]


def test_downgrade_leaves_no_trace_even_with_rows(cyclists):
    cyclists.run("UPDATE users SET focus_group_id = (SELECT id FROM focus_groups)")
    cyclists.run("UPDATE features SET dimension_id = (SELECT min(id) FROM dimensions)")
    cyclists.down()
    assert cyclists.leaves_no_trace()


@pytest.mark.parametrize(
    ("rule", "statement"),
    {
        "uq_focus_groups_name": "INSERT INTO focus_groups (name, description) VALUES ('Cyclists', 'd')",
        "uq_dimensions_name": "INSERT INTO dimensions (name, description) VALUES ('Sound', 'd')",
        "ck_dimensions_minimum_below_maximum": "UPDATE dimensions SET minimum_score = 5",
        "ck_focus_group_dimension_weights_weight_zero_to_one": "UPDATE focus_group_dimension_weights SET weight = 1.001",
        "ck_focus_group_dimension_weights_ends_after_start": "UPDATE focus_group_dimension_weights SET is_current = false, effective_to = effective_from",
        "ck_focus_group_dimension_weights_current_has_no_end": "UPDATE focus_group_dimension_weights SET effective_to = '2027-01-01'",
        "uq_focus_group_dimension_weights_start": f"{WEIGHT} SELECT focus_group_id, dimension_id, 0, 'r', effective_from FROM focus_group_dimension_weights",
        "ix_focus_group_dimension_weights_current": f"{WEIGHT} SELECT focus_group_id, dimension_id, 0, 'r', '2026-06-01' FROM focus_group_dimension_weights",
        "fk_focus_group_dimension_weights_focus_group_id_focus_groups": "DELETE FROM focus_groups",
        "fk_focus_group_dimension_weights_dimension_id_dimensions": "DELETE FROM dimensions",
        "fk_users_focus_group_id_focus_groups": "UPDATE users SET focus_group_id = 999",
        "fk_features_dimension_id_dimensions": "UPDATE features SET dimension_id = 999",
    }.items(),
)
def test_every_rule_refuses_by_its_name(cyclists, rule, statement):
    with pytest.raises(sa.exc.IntegrityError, match=rule):
        cyclists.run(statement)


@pytest.mark.parametrize(
    ("total", "statement"),
    [
        ("0.980", "UPDATE focus_group_dimension_weights SET weight = 0.58 WHERE weight = 0.6"),
        ("1.020", "UPDATE focus_group_dimension_weights SET weight = 0.62 WHERE weight = 0.6"),
        ("0.400", "DELETE FROM focus_group_dimension_weights WHERE weight = 0.6"),
        ("0.600", "UPDATE focus_group_dimension_weights SET is_current = false WHERE weight = 0.4"),
        ("0,", "DELETE FROM focus_group_dimension_weights"),
    ],
)
def test_another_sum_fails_at_commit_and_is_named_with_the_group(cyclists, total, statement):
    with database.connect(cyclists.settings) as connection:
        connection.execute(sa.text(statement))  # taken: the rule waits
        with pytest.raises(sa.exc.IntegrityError, match=f'focus group "Cyclists" sum to {total}'):
            connection.commit()
    assert current(cyclists) == [("Cyclists", "1.000")]


def test_within_a_transaction_the_sum_may_be_wrong_for_a_while(cyclists):
    with database.connect(cyclists.settings) as connection:
        for weight, less in ((0.25, 0.6), (0.75, 0.4)):
            connection.execute(
                sa.text("UPDATE focus_group_dimension_weights SET weight = :weight WHERE weight = :less"),
                {"weight": weight, "less": less},
            )
        connection.commit()
    assert current(cyclists) == [("Cyclists", "1.000")]


def test_who_does_not_want_to_wait_asks_at_once(cyclists):
    with database.connect(cyclists.settings) as connection:
        connection.execute(sa.text("SET CONSTRAINTS weights_sum_to_one IMMEDIATE"))
        with pytest.raises(sa.exc.IntegrityError, match=r"0\.500"):
            connection.execute(sa.text("UPDATE focus_group_dimension_weights SET weight = 0.1 WHERE weight = 0.6"))


def test_a_weight_gets_a_successor(cyclists):
    """History: the old weights end on the day on which the new ones begin."""
    with database.connect(cyclists.settings) as connection:
        connection.execute(
            sa.text("UPDATE focus_group_dimension_weights SET is_current = false, effective_to = '2026-07-01'")
        )
        connection.execute(
            sa.text(
                f"{WEIGHT} SELECT focus_group_id, dimension_id, 0.5, 'New.', '2026-07-01' FROM focus_group_dimension_weights"
            )
        )
        connection.commit()
    assert current(cyclists) == [("Cyclists", "1.000")]
    assert cyclists.run("SELECT count(*) FROM focus_group_dimension_weights") == [(4,)]


def test_a_weight_that_moves_to_another_group_concerns_both(cyclists):
    cyclists.run(
        "WITH g AS (INSERT INTO focus_groups (id, name, description) VALUES (50, 'Walkers', 'd') RETURNING id) "
        f"{WEIGHT} SELECT g.id, d.id, 1, 'r', '2026-01-01' FROM g, dimensions d WHERE d.name = 'Sound'"
    )
    cyclists.run("INSERT INTO dimensions (name, description) VALUES ('Light', 'Where none of them has a weight yet')")
    for name, moved in (("Walkers", "w.weight = 1"), ("Cyclists", "w.weight = 0.4")):
        with pytest.raises(sa.exc.IntegrityError, match="sum to"):
            cyclists.run(f"""
                UPDATE focus_group_dimension_weights w SET effective_from = '2026-05-01',
                    dimension_id = (SELECT id FROM dimensions WHERE name = 'Light'),
                    focus_group_id = (SELECT id FROM focus_groups WHERE name <> '{name}')
                WHERE {moved}""")
    assert current(cyclists) == [("Cyclists", "1.000"), ("Walkers", "1.000")]


def test_a_group_goes_with_its_weights(cyclists):
    with database.connect(cyclists.settings) as connection:
        connection.execute(sa.text("DELETE FROM focus_group_dimension_weights"))
        connection.execute(sa.text("DELETE FROM focus_groups"))
        connection.commit()
    assert current(cyclists) == []


# -- two sessions at once --------------------------------------------------------------------------------------------


def together(settings, statements, level="READ COMMITTED"):
    """Run one list of statements a session; all sessions write before any commits. Return what became of each."""
    written, ends = threading.Barrier(len(statements)), [None] * len(statements)

    def session(number):
        with database.connect(settings) as connection:
            try:
                connection.execution_options(isolation_level=level)
                for statement, values in statements[number]:
                    connection.execute(sa.text(statement), values)
                written.wait(timeout=20)
                connection.commit()
            except sa.exc.DBAPIError as error:
                written.abort()
                ends[number] = str(error.orig)
            except threading.BrokenBarrierError:
                ends[number] = "gave up"
            else:
                ends[number] = "committed"

    threads = [threading.Thread(target=session, args=(number,)) for number in range(len(statements))]
    [thread.start() for thread in threads]
    [thread.join(timeout=60) for thread in threads]
    return ends


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_two_sessions_that_weigh_one_new_group_at_once_end_in_a_valid_state(revision, level):
    """Each alone is right: it writes weights that sum to 1, on a dimension of its own. Together they would make 2."""
    revision.up()
    revision.run(GROUP, id=7)
    revision.run("INSERT INTO dimensions (id, name, description) VALUES (1, 'Sound', 'd'), (2, 'Battery', 'd')")
    each = [[(f"{WEIGHT} VALUES (7, :d, 1, 'All of it.', '2026-01-01')", {"d": number})] for number in (1, 2)]
    ends = together(revision.settings, each, level)
    assert ends.count("committed") == 1, ends
    [refused] = [said for said in ends if said != "committed"]
    assert "sum to 2.000" in refused or "could not serialize" in refused
    assert current(revision) == [("Cyclists", "1.000")]


def test_who_was_judged_first_lets_the_second_wait_until_the_commit(revision):
    """The first has added up and has not committed: the second must not add up before that, or both are content."""
    revision.up()
    revision.run(GROUP, id=7)
    revision.run("INSERT INTO dimensions (id, name, description) VALUES (1, 'Sound', 'd'), (2, 'Battery', 'd')")
    weigh = sa.text(f"{WEIGHT} VALUES (7, :d, 1, 'All of it.', '2026-01-01')")
    said = []

    def second():
        try:
            revision.run(str(weigh), d=2)
            said.append("committed")
        except sa.exc.IntegrityError as error:
            said.append(str(error.orig))

    with database.connect(revision.settings) as first:
        first.execute(weigh, {"d": 1})
        first.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=2)
        assert thread.is_alive(), f"the second did not wait: {said}"
        first.commit()
        thread.join(timeout=20)
    assert len(said) == 1 and "sum to 2.000" in said[0]
    assert current(revision) == [("Cyclists", "1.000")]


def test_two_sessions_that_seed_the_same_new_group_at_once_end_in_a_valid_state(revision):
    """Group and weights in one statement, by two sessions: the unique name lets the second wait, and then refuses."""
    revision.up()
    ends = []

    def seed():
        try:
            revision.run(CYCLISTS)
            ends.append("committed")
        except sa.exc.IntegrityError as error:
            ends.append(str(error.orig))

    threads = [threading.Thread(target=seed) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join(timeout=60) for thread in threads]
    assert ends.count("committed") == 1 and any("uq_" in end for end in ends), ends
    assert current(revision) == [("Cyclists", "1.000")]
    assert revision.run("SELECT count(*) FROM focus_group_dimension_weights") == [(2,)]
