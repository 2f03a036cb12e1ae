"""Seed the focus groups

Revision ID: 0005_seed_focus_groups
Revises: 0004_create_focus_groups

Seven groups of shoppers, eleven dimensions of quality and the weights between them, each with its reason. Every
shopper of the export is put into a group and every feature into a dimension, where nobody has done so already.

The downgrade takes out what this seed put in, by name, key and first day, with the changes made to it since. It
refuses, and names them, when rows that somebody else put in depend on it: a weight, a user in a group, a feature in a
dimension. A group or a dimension of somebody's own stays.
"""

from __future__ import annotations

from alembic import op

revision: str = "0005_seed_focus_groups"
down_revision: str | None = "0004_create_focus_groups"
branch_labels: str | None = None
depends_on: str | None = None

# The seed stands in temporary tables while it is put in or taken out, so both ways read the same text. `users` and
# `features` are keys of the old shop's export.
GROUPS = """
    CREATE TEMPORARY TABLE seeded_groups (place integer, name text, description text, users integer[]) ON COMMIT DROP;
    INSERT INTO pg_temp.seeded_groups VALUES
    (1, 'Commuters', 'They spend an hour or more a day on the way, by train, bus, tram or ferry.',
        '{1,8,15,22,28,35}'),
    (2, 'Runners', 'They run, swim or cycle in all weathers and look at what they did afterwards.',
        '{2,9,16,23,30,37}'),
    (3, 'Parents', 'They buy for children as well as for themselves, and seldom have both hands free.',
        '{3,11,18,26,34}'),
    (4, 'Creators', 'They make films, photographs, music or drawings, and publish them.',
        '{4,10,17,24,31,38}'),
    (5, 'Gamers', 'They play or stream in the evening, and type a lot in between.',
        '{5,14,20,27,33}'),
    (6, 'Seniors', 'They have retired, and expect a device to be clear, legible and patient.',
        '{6,12,19,25,32,39}'),
    (7, 'Travellers', 'They live out of a bag for weeks, far from a socket of their own.',
        '{7,13,21,29,36,40}');
"""

DIMENSIONS = """
    CREATE TEMPORARY TABLE seeded_dimensions (place integer, name text, description text, features integer[])
        ON COMMIT DROP;
    INSERT INTO pg_temp.seeded_dimensions VALUES
    (1, 'Sound', 'What you hear, and how well others hear you.', '{1,2,3,4,5,6,7,8,9}'),
    (2, 'Battery', 'How long it runs, and how it is charged.', '{10,11,12,13,14}'),
    (3, 'Comfort', 'How it feels and stays in place, for hours.', '{15,16,17,18,19,20,54}'),
    (4, 'Display', 'What can be seen, in the sun and in the dark.', '{21,22,23,24,25}'),
    (5, 'Durability', 'What it survives, and whether it can be repaired.', '{26,27,28,29,30}'),
    (6, 'Value', 'What it costs on the first day and on every later one.', '{31,32,33}'),
    (7, 'Ease of use', 'How soon it works, and how surely the hand finds what it needs.', '{34,35,36,37,46,53,55,56}'),
    (8, 'Connectivity', 'Whether the link holds, to how many devices, and how late the sound is.', '{38,39,40,41}'),
    (9, 'Tracking', 'How well it knows where you are and how your body is.', '{42,43,44,45,47}'),
    (10, 'Creation', 'What pictures, films and drawings made with it look like.', '{48,49,50}'),
    (11, 'Speed', 'Whether it makes you wait, and how much fits into it.', '{51,52}');
"""

WEIGHTS = """
    CREATE TEMPORARY TABLE seeded_weights (focus_group text, dimension text, weight numeric(4,3), rationale text)
        ON COMMIT DROP;
    INSERT INTO pg_temp.seeded_weights VALUES
    ('Commuters', 'Sound', 0.300, 'Engines and other voices are the problem that they want to be rid of every day.'),
    ('Commuters', 'Battery', 0.200, 'A device that is empty on the way home has failed at half of its work.'),
    ('Commuters', 'Comfort', 0.150, 'Ninety minutes a day, often standing, make small pressures large.'),
    ('Commuters', 'Connectivity', 0.150, 'Changing between telephone and laptop must not cost them a stop.'),
    ('Commuters', 'Durability', 0.100, 'Rain and crowded bags are their normal case, not an accident.'),
    ('Commuters', 'Value', 0.100, 'They use it daily and lose one now and then, so the price counts a little.'),

    ('Runners', 'Tracking', 0.300, 'A wrong distance or pulse makes the training plan worthless.'),
    ('Runners', 'Comfort', 0.250, 'What slips or chafes is left at home from the second run on.'),
    ('Runners', 'Durability', 0.200, 'Sweat, rain and the sea get into everything that is not sealed.'),
    ('Runners', 'Battery', 0.150, 'A long race with satellite reception empties a weak battery before the finish.'),
    ('Runners', 'Ease of use', 0.050, 'With gloves on and out of breath, one button has to be enough.'),
    ('Runners', 'Sound', 0.050, 'Music helps on some days, and one ear stays free for traffic anyway.'),

    ('Parents', 'Durability', 0.250, 'The kitchen floor is the test that every device at home will take.'),
    ('Parents', 'Ease of use', 0.250, 'A child must be able to use it, and an adult to set limits in a minute.'),
    ('Parents', 'Value', 0.200, 'They buy several, and each will be outgrown or broken.'),
    ('Parents', 'Display', 0.100, 'Small eyes look at it for a long time, and finger marks cover it soon.'),
    ('Parents', 'Battery', 0.100, 'A long drive is only quiet for as long as the battery lasts.'),
    ('Parents', 'Sound', 0.100, 'They need to hear a meeting and a waking baby at the same time.'),

    ('Creators', 'Creation', 0.300, 'The picture, the film or the line that they draw is their work itself.'),
    ('Creators', 'Sound', 0.200, 'An audience forgives a dark picture sooner than a hiss in the voice.'),
    ('Creators', 'Display', 0.150, 'They judge colours and sharpness on it before anybody else sees them.'),
    ('Creators', 'Speed', 0.150, 'Every second of waiting is paid again with each film that they cut.'),
    ('Creators', 'Durability', 0.100, 'Trails, wet hands and wedding parties are hard on their equipment.'),
    ('Creators', 'Battery', 0.100, 'The one moment they came for does not wait for a charger.'),

    ('Gamers', 'Connectivity', 0.300, 'A delay of sixty milliseconds decides who wins, and they hear it.'),
    ('Gamers', 'Sound', 0.200, 'They locate an opponent by ear, and their team depends on the microphone.'),
    ('Gamers', 'Comfort', 0.200, 'Hands and ears have to bear whole evenings, and the keys every keystroke.'),
    ('Gamers', 'Speed', 0.125, 'A device that stutters spoils a game that cannot be paused.'),
    ('Gamers', 'Value', 0.125, 'Many of them are students who compare every price.'),
    ('Gamers', 'Display', 0.050, 'The large screen is elsewhere, but keys must be found in a dark room.'),

    ('Seniors', 'Ease of use', 0.350, 'Clear buttons and a short setup decide whether it is used at all.'),
    ('Seniors', 'Display', 0.200, 'Digits have to be read without glasses and in full sunlight.'),
    ('Seniors', 'Sound', 0.150, 'Voices must be clear and loud enough for ears that hear less well.'),
    ('Seniors', 'Comfort', 0.125, 'Stiff straps and tight cushions are hard on hands with arthritis.'),
    ('Seniors', 'Battery', 0.100, 'A watch that shall call for help must not be lying on its charger.'),
    ('Seniors', 'Tracking', 0.075, 'A pulse and a position that can be trusted calm the whole family.'),

    ('Travellers', 'Battery', 0.300, 'There may be no socket for a week, or one for thirty people.'),
    ('Travellers', 'Comfort', 0.200, 'It must be light and small, because everything has to fit into one bag.'),
    ('Travellers', 'Sound', 0.200, 'Sleep on a plane and calls from a taxi both depend on it.'),
    ('Travellers', 'Durability', 0.150, 'Far from home, nobody replaces what breaks.'),
    ('Travellers', 'Tracking', 0.100, 'Maps that need no network are a matter of safety for them.'),
    ('Travellers', 'Connectivity', 0.050, 'Telephone, tablet and seat screen want to be connected in turn.');
"""

# Before the rows go in, and after they came out: the next key is the one after the highest. nextval() and setval() are
# not undone by a rollback; a RESTART is, and so is every number that the same transaction takes after it.
NEXT_KEYS = """
    DO $$
    DECLARE
        filled text;
        highest integer;
    BEGIN
        FOREACH filled IN ARRAY ARRAY['focus_groups', 'dimensions', 'focus_group_dimension_weights'] LOOP
            EXECUTE format('SELECT max(id) FROM %I', filled) INTO highest;
            EXECUTE format('ALTER SEQUENCE %s RESTART WITH %s', pg_get_serial_sequence(filled, 'id'),
                           greatest(highest, 0) + 1);
        END LOOP;
    END $$
"""

REFUSE = """
    DO $$
    DECLARE
        own text[];
    BEGIN
        SELECT array_agg(what ORDER BY what) INTO own FROM (
            SELECT format('the weight of %s for %s from %s', g.name, d.name, w.effective_from) AS what
            FROM focus_group_dimension_weights w
            JOIN focus_groups g ON g.id = w.focus_group_id JOIN dimensions d ON d.id = w.dimension_id
            WHERE (g.name IN (SELECT name FROM pg_temp.seeded_groups)
                   OR d.name IN (SELECT name FROM pg_temp.seeded_dimensions))
              AND NOT EXISTS (SELECT FROM pg_temp.seeded_weights s WHERE s.focus_group = g.name
                              AND s.dimension = d.name AND w.effective_from = '2026-01-01')
            UNION ALL
            SELECT format('the user %s in %s', u.email, g.name)
            FROM users u JOIN focus_groups g ON g.id = u.focus_group_id JOIN pg_temp.seeded_groups s ON s.name = g.name
            WHERE u.id <> ALL (ARRAY(SELECT md5('agenticshop user ' || n)::uuid FROM unnest(s.users) AS n))
            UNION ALL
            SELECT format('the feature %s in %s', f.name, d.name)
            FROM features f JOIN dimensions d ON d.id = f.dimension_id
            JOIN pg_temp.seeded_dimensions s ON s.name = d.name
            WHERE f.id <> ALL (s.features)
        ) AS rows_of_others;
        IF own IS NOT NULL THEN
            RAISE EXCEPTION '% row(s) that the seed did not put in depend on it: %. Delete them or point them '
                'elsewhere, then run the downgrade again; nothing was changed.',
                cardinality(own),
                array_to_string(own[1:5], '; ') || CASE WHEN cardinality(own) > 5 THEN '; ...' ELSE '' END;
        END IF;
    END $$
"""


def stage() -> None:
    op.execute(GROUPS)
    op.execute(DIMENSIONS)
    op.execute(WEIGHTS)


def unstage() -> None:
    op.execute("DROP TABLE pg_temp.seeded_weights, pg_temp.seeded_dimensions, pg_temp.seeded_groups")


def upgrade() -> None:
    stage()
    op.execute(NEXT_KEYS)
    op.execute("""
        INSERT INTO focus_groups (name, description)
        SELECT name, description FROM pg_temp.seeded_groups ORDER BY place
    """)
    op.execute("""
        INSERT INTO dimensions (name, description)
        SELECT name, description FROM pg_temp.seeded_dimensions ORDER BY place
    """)
    op.execute("""
        INSERT INTO focus_group_dimension_weights (focus_group_id, dimension_id, weight, rationale, effective_from)
        SELECT g.id, d.id, s.weight, s.rationale, '2026-01-01'
        FROM pg_temp.seeded_weights s
        JOIN focus_groups g ON g.name = s.focus_group JOIN dimensions d ON d.name = s.dimension
        ORDER BY g.id, d.id
    """)
    op.execute("""
        UPDATE features SET dimension_id = d.id
        FROM pg_temp.seeded_dimensions s JOIN dimensions d ON d.name = s.name
        WHERE features.id = ANY (s.features) AND features.dimension_id IS NULL
    """)
    op.execute("""
        UPDATE users SET focus_group_id = g.id
        FROM pg_temp.seeded_groups s JOIN focus_groups g ON g.name = s.name CROSS JOIN unnest(s.users) AS n
        WHERE users.id = md5('agenticshop user ' || n)::uuid AND users.focus_group_id IS NULL
    """)
    unstage()


def downgrade() -> None:
    stage()
    op.execute(REFUSE)
    op.execute("""
        UPDATE users SET focus_group_id = NULL
        FROM pg_temp.seeded_groups s JOIN focus_groups g ON g.name = s.name WHERE users.focus_group_id = g.id
    """)
    op.execute("""
        UPDATE features SET dimension_id = NULL
        FROM pg_temp.seeded_dimensions s JOIN dimensions d ON d.name = s.name WHERE features.dimension_id = d.id
    """)
    op.execute("""
        DELETE FROM focus_group_dimension_weights USING focus_groups g, pg_temp.seeded_groups s
        WHERE focus_group_id = g.id AND g.name = s.name
    """)
    op.execute("DELETE FROM focus_groups USING pg_temp.seeded_groups s WHERE focus_groups.name = s.name")
    op.execute("DELETE FROM dimensions USING pg_temp.seeded_dimensions s WHERE dimensions.name = s.name")
    op.execute(NEXT_KEYS)
    unstage()
