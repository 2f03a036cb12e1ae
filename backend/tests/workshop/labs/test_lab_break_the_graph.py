"""Lab: break the graph: why each exercise is red, wrong repairs that stay red, other right ones that are green."""

from __future__ import annotations

import functools

import pytest
import sqlalchemy as sa

from shop import database
from tests.workshop.labs import repairs
from tests.workshop.labs.repairs import DOWNGRADE, UPGRADE, carry_out, reasons
from workshop import labs
from workshop.labs import planted
from workshop.review import review

LAB = "lab_break_the_graph"

REASONS = {
    "swallowing_path": ["set for every new session: search_path=ag_catalog", "not of AGE: price_alerts",
                        "there is no public.price_alerts"],
    "function_without_path": ['on the path public: type "agtype" does not exist'],
    "none_as_text": [" without, ", " 'None', "],
    "dangling_edge": ["kind of edge not expected: ('HAS_REVIEW', 'Product', 'None')", "WROTE not expected"],
    "unsafe_string": ["Review not expected: id 100, rating 5", "quote missing", "quote not expected"],
    "graph_left_behind": ["no draft in backend/scratch", "Product missing: ", "Category missing: name Kites",
                          "MENTIONS missing", "HAS_REVIEW not expected"],
}  # fmt: skip

RESET = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET search_path', current_database()); END $$"
EVERYBODY = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, ag_catalog', current_database()); END $$"
)
HOME = "ALTER TABLE ag_catalog.price_alerts SET SCHEMA public"
ANEW = "CREATE TABLE public.price_alerts AS SELECT * FROM ag_catalog.price_alerts; DROP TABLE ag_catalog.price_alerts"
HERE = "SELECT set_config('search_path', 'public, ag_catalog', true);"
FORGED = """UPDATE shop_graph."Review" v SET properties = v.properties || agtype_build_map('rating', r.rating)
            FROM reviews r WHERE agtype_access_operator(v.properties, '"id"') = r.id::text::agtype"""
DANGLING = """DELETE FROM shop_graph._ag_label_edge e
              WHERE NOT EXISTS (SELECT FROM shop_graph._ag_label_vertex v WHERE v.id IN (e.start_id))
                 OR NOT EXISTS (SELECT FROM shop_graph._ag_label_vertex v WHERE v.id IN (e.end_id))"""


def by_hand(statement):
    """A statement on the graph, typed into a console."""
    return HERE + statement


part, mended = functools.partial(repairs.part, LAB), functools.partial(repairs.mended, LAB)


ESCAPED = ("""body.replace("'", "\\\\'")""", """body.replace("\\\\", "\\\\\\\\").replace("'", "\\\\'")""")
LEFT_OUT = ("for number, body in cursor.execute(NEWEST).fetchall():",
            "for number, body in [r for r in cursor.execute(NEWEST).fetchall() if not {'$', chr(92)} & set(r[1])]:")  # fmt: skip
ONCE = ("  # one statement, and the graph has caught up",
        '\n    for table in TABLES:\n        op.execute(f"DROP TRIGGER graph_follows ON {table}")')  # fmt: skip

WRONG = [
    ("swallowing_path", "the table only", "set for every new session",
     [HOME]),
    ("swallowing_path", "the path only", "not of AGE: price_alerts",
     [RESET]),
    ("swallowing_path", "public in front", "set for every new session",
     [EVERYBODY, HOME]),
    ("swallowing_path", "by hand", "differs from a fresh one in setting this database: search_path",
     [RESET, HOME]),
    ("swallowing_path", "a copy without its key", "differs from a fresh one in",
     [ANEW, part("swallowing_path", 1), UPGRADE]),
    ("swallowing_path", "the rows lost", "price alert missing",
     ["DROP TABLE ag_catalog.price_alerts", RESET,
      "CREATE TABLE public.price_alerts (product_id integer, below numeric)"]),
    ("function_without_path", "a path for everybody", "a path is set for every new session",
     [EVERYBODY]),
    ("function_without_path", "by hand", "differs from a fresh one in function products_with(",
     ["ALTER FUNCTION products_with(text) SET search_path = public, ag_catalog"]),
    ("function_without_path", "agtype spelled out, cypher not", "on the path public: ",
     [DOWNGRADE, mended("function_without_path", ("asked agtype := ", "asked ag_catalog.agtype := ag_catalog.")),
      UPGRADE]),
    ("none_as_text", "by hand", "in a fresh database: author of review",
     [by_hand("""UPDATE shop_graph."Review" v SET properties = v.properties - '"author"' FROM reviews r
                 WHERE agtype_access_operator(v.properties, '"id"') = r.id::text::agtype AND r.author IS NULL""")]),
    ("none_as_text", "whoever is called None", "author of review missing: 1 'None'",
     [part("none_as_text", 1, ("r.author IS NULL", "agtype_access_operator(v.properties, '\"author\"') = '\"None\"'")),
      UPGRADE]),
    ("none_as_text", "another word for nothing", "'anonymous'",
     [part("none_as_text", 1, ("v.properties - '\"author\"'", "v.properties || agtype_build_map('author', 'anonymous')")),
      UPGRADE]),
    ("dangling_edge", "by hand", "in a fresh database: ",
     [by_hand(DANGLING)]),
    ("dangling_edge", "one kind of edge", "WROTE not expected",
     [part("dangling_edge", 1, ("_ag_label_edge AS e", '"HAS_REVIEW" AS e')), UPGRADE]),
    ("dangling_edge", "one end", "MENTIONS not expected",
     [part("dangling_edge", 1, ("v.id = e.start_id", "v.id = e.end_id")), UPGRADE]),
    ("dangling_edge", "the vertices back", "Review not expected",
     [part("dangling_edge", 1, ("DELETE FROM shop_graph._ag_label_edge AS e",
                                'INSERT INTO shop_graph."Review" (id, properties) SELECT e.end_id, '
                                "agtype_build_map('id', -row_number() OVER ()) FROM shop_graph.\"HAS_REVIEW\" AS e")), UPGRADE]),
    ("unsafe_string", "the ratings only", "quote missing",
     [by_hand(FORGED)]),
    ("unsafe_string", "one more character escaped", "in a fresh database alembic upgrade fails",
     [DOWNGRADE, mended("unsafe_string", ESCAPED), UPGRADE, by_hand(FORGED)]),
    ("unsafe_string", "what looks dangerous left out", "quote missing",
     [DOWNGRADE, mended("unsafe_string", LEFT_OUT), UPGRADE, by_hand(FORGED)]),
    ("unsafe_string", "the file only", "Review not expected: id 100, rating 5",
     [DOWNGRADE, part("unsafe_string", 2), UPGRADE]),
    ("graph_left_behind", "once", "after the next INSERT INTO products: ",
     [part("graph_left_behind", 1, ("DROP TRIGGER", "DROP TRIGGER IF EXISTS"), ONCE), UPGRADE]),
    ("graph_left_behind", "inserts only", "after the next UPDATE products SET: ",
     [part("graph_left_behind", 1, ("INSERT OR UPDATE OR DELETE OR TRUNCATE", "INSERT"),
           ("UPDATE products SET id = id WHERE false",
            "INSERT INTO products SELECT * FROM products WHERE false")), UPGRADE]),
    ("graph_left_behind", "one table forgotten", "after the next INSERT INTO review_mentions: MENTIONS missing",
     [part("graph_left_behind", 1, (', "review_mentions")', ")")), UPGRADE]),
    ("graph_left_behind", "a downgrade that forgets", "after upgrade and downgrade there is still function",
     [part("graph_left_behind", 1, ('    op.execute("DROP FUNCTION refresh_vertices(text, text, text)")\n', "")), UPGRADE]),
]  # fmt: skip

RIGHT = [
    ("function_without_path", "a path from the beginning",
     [DOWNGRADE,
      mended("function_without_path", ("plpgsql STABLE AS", "plpgsql STABLE SET search_path = public, ag_catalog AS")),
      UPGRADE]),
    ("none_as_text", "null from the beginning",
     [DOWNGRADE, mended("none_as_text", ("str(row.author)", "row.author")), UPGRADE]),
    ("unsafe_string", "a parameter",
     [DOWNGRADE, mended("unsafe_string",
      ('cursor.execute(f"""', 'cursor.execute("""'), ("""text = body.replace("'", "\\\\'")  # quotes are taken care of""",
       "asked = json.dumps({'number': number, 'text': body})"),
      ("{{review: {number}, text: '{text}'}}", "{review: $number, text: $text}"), ("\n            $$) AS", "\n            $$, %s) AS"),
      ('(nothing agtype)\n        """)', '(nothing agtype)\n        """, (asked,))'),
      ("from alembic import op", "import json\n\nfrom alembic import op")), UPGRADE, by_hand(FORGED)]),
]  # fmt: skip


@pytest.fixture
def lab(settings):
    return labs.Lab(LAB, settings)  # each test plants, and so begins at head by itself


def test_why_each_exercise_is_red(lab):
    assert list(REASONS) == list(labs.exercises(LAB))
    for name, fragments in REASONS.items():
        lab.plant(name)
        said = reasons(lab.look(name))
        assert [part for part in fragments if part not in said] == [], said


@pytest.mark.slow  # together
@pytest.mark.parametrize(("exercise", "texts", "why"), [pytest.param(e, t, w, id=f"{e}: {n}") for e, n, w, t in WRONG])
def test_a_repair_that_hides_the_symptom_stays_red(lab, exercise, texts, why):
    lab.plant(exercise)
    carry_out(lab, exercise, texts)
    said = reasons(lab.look(exercise))
    assert why in said, said


@pytest.mark.slow  # together
@pytest.mark.parametrize(("exercise", "texts"), [pytest.param(e, t, id=f"{e}: {n}") for e, n, t in RIGHT])
def test_another_right_repair_is_green(lab, exercise, texts):
    lab.plant(exercise)
    carry_out(lab, exercise, texts)
    lab.check(exercise)


@pytest.mark.slow  # the notebook asserts it, too
def test_a_dangling_edge_is_silent_until_a_path_of_any_length_meets_it(lab):
    lab.plant("dangling_edge")
    asked = "SELECT * FROM cypher('shop_graph', $$ MATCH (u:User)-{}->(x) RETURN count(x) $$) AS (n agtype)"
    with database.connect(lab.settings) as connection:
        connection.exec_driver_sql("SET search_path = public, ag_catalog")
        rows = connection.scalar(sa.text('SELECT count(*) FROM shop_graph."WROTE"'))
        assert int(connection.exec_driver_sql(asked.format("[:WROTE]")).scalar()) < rows
        with pytest.raises(sa.exc.DBAPIError, match="no vertex found"):
            connection.exec_driver_sql(asked.format("[*1..2]"))


def test_the_path_ends_with_the_lab(lab):
    lab.plant("swallowing_path")
    lab.fresh()
    with database.connect(lab.settings) as connection:
        assert connection.scalar(sa.text("SHOW search_path")) == '"$user", public'
        assert connection.scalar(sa.text("SELECT to_regclass('ag_catalog.price_alerts')")) is None


@pytest.mark.parametrize(
    ("draft", "rules"),
    {
        "swallowing_path.1": set(),
        "swallowing_path.2": set(),
        "function_without_path": set(),
        "none_as_text": set(),
        "dangling_edge": set(),
        "unsafe_string": {"R202", "R301"},
    }.items(),
)
def test_the_review_coach_finds_what_the_page_says(draft, rules, tmp_path):
    path = tmp_path / "draft.py"
    path.write_text(planted(LAB, draft))
    assert {one.rule for one in review(path).findings} - {"R406"} == rules  # R406: squawk's, where it is installed
