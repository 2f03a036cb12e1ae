"""0005_seed_focus_groups: groups, dimensions and weights put in, and taken out without touching anybody's rows."""

import nbformat
import pytest
import sqlalchemy as sa

from shop import database
from workshop import steps

WEIGHT = "INSERT INTO focus_group_dimension_weights (focus_group_id, dimension_id, weight, rationale, effective_from)"
OWN_GROUP = f"""
    WITH g AS (INSERT INTO focus_groups (name, description) VALUES ('Cyclists', 'They ride.') RETURNING id),
         d AS (INSERT INTO dimensions (name, description) VALUES ('Light', 'Whether it shines.') RETURNING id)
    {WEIGHT} SELECT g.id, d.id, 1, 'Seen in time.', '2026-01-01' FROM g, d
"""


def test_what_it_puts_in(revision):
    seen = revision.up()
    tables = ("focus_groups", "dimensions", "focus_group_dimension_weights", "users", "features")
    assert [seen.rows(table) for table in tables] == [7, 11, 42, 0, 0]
    assert seen.count("table") == seen.count("column") == 0
    assert revision.run("SELECT count(*) FROM users WHERE focus_group_id IS NULL") == [(0,)]
    assert revision.run("SELECT count(*) FROM features WHERE dimension_id IS NULL") == [(0,)]


def test_up_down_up_gives_the_same_and_down_leaves_no_trace(revision):
    revision.up()
    first = revision.look().fingerprint
    revision.run("INSERT INTO focus_groups (name, description) VALUES ('Cyclists', 'They ride.')")
    revision.run("DELETE FROM focus_groups WHERE name = 'Cyclists'")
    revision.down()
    assert revision.leaves_no_trace()
    revision.up()
    assert revision.look().fingerprint == first


def test_an_upgrade_that_failed_moves_no_sequence(revision):
    """The name is taken, so the upgrade fails after it drew keys; afterwards the same keys are drawn again."""
    revision.run("INSERT INTO dimensions (id, name, description) VALUES (99, 'Speed', 'Of my own')")
    before = revision.look().fingerprint
    with pytest.raises(steps.StepError, match="uq_dimensions_name"):
        revision.up()
    assert revision.look().fingerprint == before
    revision.run("DELETE FROM dimensions")
    revision.up()
    assert revision.run("SELECT min(id), max(id) FROM focus_groups") == [(1, 7)]
    assert revision.run("SELECT min(id), max(id) FROM dimensions") == [(1, 11)]


def test_an_update_to_098_and_a_lost_weight_fail_at_commit(revision):
    revision.up()
    for statement, total in (
        ("UPDATE focus_group_dimension_weights SET weight = weight - 0.02 WHERE id = 1", r"0\.980"),
        ("DELETE FROM focus_group_dimension_weights WHERE id = 1", r"0\.700"),
    ):
        with database.connect(revision.settings) as connection:
            connection.execute(sa.text(statement))
            with pytest.raises(sa.exc.IntegrityError, match=f'focus group "Commuters" sum to {total}'):
                connection.commit()


def test_what_somebody_had_decided_before_stays(revision):
    revision.run(OWN_GROUP)
    revision.run("UPDATE users SET focus_group_id = (SELECT id FROM focus_groups) WHERE email LIKE 'mei.%'")
    before = revision.look()
    revision.up()
    own = "SELECT g.name FROM users u JOIN focus_groups g ON g.id = u.focus_group_id WHERE u.email LIKE 'mei.%'"
    assert revision.run(own) == [("Cyclists",)]
    revision.down()
    assert revision.run(own) == [("Cyclists",)]
    assert revision.look().rows("focus_group_dimension_weights") == before.rows("focus_group_dimension_weights") == 1


def test_a_group_of_ones_own_survives_the_downgrade(revision):
    revision.up()
    revision.run(OWN_GROUP)
    revision.down()
    assert revision.run("SELECT name FROM focus_groups") == [("Cyclists",)]
    assert revision.run("SELECT name FROM dimensions") == [("Light",)]
    revision.up()
    assert revision.run("SELECT count(*) FROM focus_groups") == [(8,)]


@pytest.mark.parametrize(
    ("named", "put_in", "take_out"),
    [
        (
            "the user me@example.com in Gamers",
            "INSERT INTO users (email, hashed_password, focus_group_id) SELECT 'me@example.com', '!', id FROM focus_groups WHERE name = 'Gamers'",
            "DELETE FROM users WHERE email = 'me@example.com'",
        ),
        (
            "the user mei.tanaka@example.org in Runners",
            "UPDATE users SET focus_group_id = 2 WHERE email LIKE 'mei.%'",
            "UPDATE users SET focus_group_id = NULL WHERE email LIKE 'mei.%'",
        ),
        (
            "the feature Scent in Comfort",
            "INSERT INTO features (id, name, description, dimension_id) SELECT 900, 'Scent', 'd', id FROM dimensions WHERE name = 'Comfort'",
            "DELETE FROM features WHERE id = 900",
        ),
        (
            "the weight of Cyclists for Sound from 2026-05-01",
            "WITH g AS (INSERT INTO focus_groups (id, name, description) VALUES (50, 'Cyclists', 'd') RETURNING id) "
            f"{WEIGHT} SELECT g.id, d.id, 1, 'r', '2026-05-01' FROM g, dimensions d WHERE d.name = 'Sound'",
            "DELETE FROM focus_group_dimension_weights WHERE focus_group_id = 50; DELETE FROM focus_groups WHERE id = 50",
        ),
        (
            "the weight of Gamers for Creation from 2026-05-01",
            f"{WEIGHT} SELECT g.id, d.id, 0, 'r', '2026-05-01' FROM focus_groups g, dimensions d WHERE g.name = 'Gamers' AND d.name = 'Creation'",
            "DELETE FROM focus_group_dimension_weights WHERE effective_from = '2026-05-01'",
        ),
    ],
)
def test_downgrade_refuses_and_names_what_others_put_in(revision, named, put_in, take_out):
    revision.up()
    revision.run(put_in)
    full = revision.look().fingerprint
    with pytest.raises(steps.StepError, match=rf"1 row.* {named}\. Delete them"):
        revision.down()
    assert revision.look().fingerprint == full
    revision.run(take_out)
    revision.down()
    assert revision.run("SELECT count(*) FROM focus_groups") == [(0,)]


def test_the_notebooks_ranking_differs_by_group(revision):
    """The query that the notebook shows, for each group: no product twice, by falling score, and not the same order twice."""
    cells = [cell.source for cell in nbformat.read(revision.step.notebook, as_version=4).cells]
    [query] = [source.partition("\n")[2] for source in cells if source.startswith("%%sql") and "AS fit" in source]
    revision.up()
    orders = set()
    for (group,) in revision.run("SELECT name FROM focus_groups"):
        ranked = revision.run(query.replace("LIMIT 10", ""), group=group)
        assert len(ranked) == len({row[0] for row in ranked}) >= 60
        assert [row[4] for row in ranked] == sorted((row[4] for row in ranked), reverse=True)
        assert all(0 < row[4] <= row[3] <= 1 for row in ranked)
        orders.add(tuple(row[0] for row in ranked[:10]))
    assert len(orders) == 7
