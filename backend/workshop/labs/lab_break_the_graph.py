"""Lab: break the graph and repair it

Six defects of graphs that are kept beside tables. Each is planted for real; the drafts stand in
planted/lab_break_the_graph.

The tables are what is true, and every database that runs the same files has to come out the same. So the checks
compare the graph with its tables, here and in a fresh database that is built from the files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from shop import database
from shop.settings import Settings
from workshop import beside, scratch
from workshop.checks import Fault, Look
from workshop.checks.s0013_build_graph import edges, ends, vertices
from workshop.labs import exercise, planted
from workshop.labs.looks import HERE, faithful, goes, settings_of

LAB = "lab_break_the_graph"
ALERTS = {(1, 299), (2, 120), (3, 49)}  # what shoppers asked for: product, price
PLAIN = '"$user", public'

# What a shopper wrote. The draft puts a backslash before the quote, where one stands already: \\' is a backslash, and
# the end of the text.
EXPLOIT = r"Lovely sound.\'}) WITH q MATCH (r:Review) WHERE r.rating < 4 SET r.rating = 5 //"

# What other shoppers may write, in a database that has not run the draft yet. Each is the text of one review.
OTHERS = (
    EXPLOIT,
    "It's good, isn't it? \"Very\" good.",
    r"A backslash at the end \ ",
    "$$) AS (nothing agtype); UPDATE products SET price = 1; --",
    "$cypher$ $1 $rows %s %(id)s :name {0} {{text}}",
    "'}) WITH q MATCH (p:Product) DETACH DELETE p //",
    "Wunderschön 🎧 日本語 'quoted' \\u0041 \n on two lines",
)


# -- planting ---------------------------------------------------------------------------------------------------------


def apply(settings: Settings, *names: str) -> None:
    """Write planted drafts and run them, each in a session of its own, as deployments on different days do."""
    for name in names:
        scratch.write_as_declared(planted(LAB, name))
        beside.upgrade(settings)


def applied(*names: str) -> Callable[[Settings], None]:
    """Plant drafts that ran."""
    return lambda settings: apply(settings, *names)


def write(settings: Settings, statement: str, *rows: Mapping[str, object]) -> None:
    """Run a statement as the shop would, once or for each row of values."""
    with database.connect(settings) as connection, connection.begin():
        connection.execute(sa.text(statement), list(rows) or None)


# -- looking ----------------------------------------------------------------------------------------------------------


def by_the_files(
    look: Look, looks: Callable[[Look], None], before: Callable[[Settings], None] = lambda place: None
) -> None:
    """Note what is wrong in a fresh database that runs the drafts as they stand; `before` writes to its tables.

    It takes a second or two, so it waits until this database is right.
    """
    if look.faults:
        return
    with beside.fresh(settings_of(look)) as place:
        before(place)
        if not goes(look, "alembic upgrade", beside.upgrade, place):
            return
        with database.connect(place) as connection:
            other = Look(connection)
            looks(other)
    look.seen += other.seen
    look.faults += [Fault(f"in a fresh database: {fault.what}", fault.cause) for fault in other.faults]


def graph_as_tables(look: Look) -> None:
    """Compare every vertex and edge with its row, and see that no edge dangles."""
    for promise in (vertices, edges, ends):
        promise(look)


def applied_here(look: Look) -> None:
    """Note a fault unless this database is where the drafts end."""
    found = look.values("SELECT version_num FROM public.alembic_version")
    look.same("current revision", found, beside.heads(), HERE)


# -- the exercises ----------------------------------------------------------------------------------------------------


def _swallowing_path(settings: Settings) -> None:
    apply(settings, "swallowing_path.1", "swallowing_path.2")
    # As the shop would: the statement names no schema, and finds the table wherever the path leads.
    rows = [{"product": product, "below": below} for product, below in sorted(ALERTS)]
    write(settings, "INSERT INTO price_alerts (product_id, below) VALUES (:product, :below)", *rows)


@exercise(_swallowing_path)
def swallowing_path(look: Look) -> None:
    """New sessions find names by the normal path, price_alerts is in public with its three rows, ag_catalog holds what
    is AGE's and nothing else, and all of this stands in a revision."""
    for setting in look.values("""
        SELECT one FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS one
        WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND one LIKE 'search_path=%'
    """):
        look.expect(False, f"set for every new session: {setting}", "the next table lands where it points, too")
    [path] = look.values("SHOW search_path")
    look.expect(path == PLAIN, f"a new session is on the path {path}", "somebody's comfort became everybody's path")
    strangers = look.values("""
        SELECT c.relname::text FROM pg_class c
        WHERE c.relnamespace = to_regnamespace('ag_catalog') AND c.relkind IN ('r', 'v', 'm', 'p', 'f')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e') ORDER BY 1
    """)
    look.expect(not strangers, f"in ag_catalog, and not of AGE: {', '.join(strangers)}",
                "CREATE TABLE takes the first schema of the path")  # fmt: skip
    if not look.values("SELECT 'there' WHERE to_regclass('public.price_alerts') IS NOT NULL"):
        look.expect(False, "there is no public.price_alerts", "move the table; its rows are what shoppers asked for")
    else:
        rows = look.rows("SELECT product_id, below FROM public.price_alerts")
        look.same("price alert", map(tuple, rows), ALERTS, "what shoppers asked for was lost")
    look.connection.rollback()
    if not look.faults:
        faithful(look, "draft_easy_cypher", "draft_price_alerts")


@exercise(applied("function_without_path"))
def function_without_path(look: Look) -> None:
    """products_with answers every session as the tables do, on whatever path that session is, the path of the database
    is left alone, and all of this stands in a revision."""
    [setting] = look.values("""
        SELECT count(*) FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS one
        WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND one LIKE 'search_path=%'
    """)
    look.expect(not setting, "a path is set for every new session", "one function needs it, and it can have its own")
    [feature] = look.values("SELECT name FROM features JOIN product_features ON feature_id = id "
                            "GROUP BY id ORDER BY count(*) DESC, id LIMIT 1")  # fmt: skip
    wanted = look.values("SELECT p.name FROM products p JOIN product_features ON product_id = p.id "
                         "JOIN features f ON f.id = feature_id WHERE f.name = :feature", feature=feature)  # fmt: skip
    for path in (PLAIN, "public", "pg_catalog", "public, ag_catalog"):
        look.rows("SELECT set_config('search_path', :path, true)", path=path)
        try:
            with look.connection.begin_nested():
                found = look.values("SELECT name FROM public.products_with(:feature)", feature=feature)
        except sa.exc.DBAPIError as error:
            said = str(error.orig).splitlines()[0]
            look.expect(False, f"on the path {path}: {said}", "the function finds AGE by the path of whoever calls it")
        else:
            look.same(f"on the path {path}, product", found, wanted, "the tables give another answer")
    look.connection.rollback()
    if not look.faults:
        faithful(look, "draft_products_with")


SIGNED = "UPDATE reviews SET author = 'None' WHERE id = (SELECT min(id) FROM reviews WHERE author IS NOT NULL)"


def _signed_none(settings: Settings) -> None:
    write(settings, SIGNED)  # it is a name


def _none_as_text(settings: Settings) -> None:
    _signed_none(settings)
    apply(settings, "none_as_text")


@exercise(_none_as_text)
def none_as_text(look: Look) -> None:
    """Every review of the graph has the author that its row has, an anonymous one has none, and every database that
    runs the files comes out so."""
    applied_here(look)
    _authors(look)
    by_the_files(look, _authors, _signed_none)


def _authors(look: Look) -> None:
    found = look.rows("""
        SELECT v.properties::text::jsonb ->> 'id' AS id, v.properties::text::jsonb ->> 'author' AS author,
               v.properties::text::jsonb ? 'author' AS told FROM shop_graph."Review" AS v
    """)
    wanted = look.rows("SELECT id::text, author, author IS NOT NULL FROM reviews")
    look.same("author of review", map(_signature, found), map(_signature, wanted),
              "no value is no property; str(None) is a text of four letters, and so is a name")  # fmt: skip


def _signature(row: Sequence[object]) -> str:
    number, author, told = row
    return f"{number} {author!r}" if told else f"{number} without"


@exercise(applied("dangling_edge"))
def dangling_edge(look: Look) -> None:
    """Every vertex has its row and every row its vertex, every edge its two ends, and every database that runs the
    files comes out so."""
    applied_here(look)
    graph_as_tables(look)
    by_the_files(look, graph_as_tables)


NEWEST = "SELECT DISTINCT ON (product_id) id, body FROM reviews ORDER BY product_id, reviewed_on DESC, id DESC"


def _write_reviews(settings: Settings, *texts: str) -> None:
    """Let the newest review of the first products say something else."""
    rows = [{"text": text, "offset": offset} for offset, text in enumerate(texts)]
    write(settings, f"UPDATE reviews SET body = :text WHERE id = (SELECT id FROM ({NEWEST}) AS newest "  # noqa: S608  no value
                    "ORDER BY id LIMIT 1 OFFSET :offset)", *rows)  # fmt: skip


def _unsafe_string(settings: Settings) -> None:
    _write_reviews(settings, EXPLOIT)
    apply(settings, "unsafe_string")


@exercise(_unsafe_string)
def unsafe_string(look: Look) -> None:
    """Each product's newest review is quoted word for word, the rest of the graph says what the tables say, and the
    files do so whatever shoppers have written."""
    applied_here(look)
    _quotes(look)
    by_the_files(look, _quotes, lambda place: _write_reviews(place, *OTHERS))


def _quotes(look: Look) -> None:
    graph_as_tables(look)
    found = look.rows("""
        SELECT (q.properties::text::jsonb ->> 'review')::integer, q.properties::text::jsonb ->> 'text'
        FROM shop_graph."Quote" AS q
    """)
    look.same("quote", map(tuple, found), map(tuple, look.rows(NEWEST)), "a text was read as a part of the query")


LATE = (
    "INSERT INTO products (name, brand, category, price, description) "
    "SELECT 'Gale ' || count(*), 'Gale', 'Kites', 79.90, 'A kite' FROM products",
    "INSERT INTO product_features SELECT max(p.id), min(f.id) FROM products p, features f",
    "INSERT INTO reviews (product_id, user_id, rating, title, body, reviewed_on) "
    "SELECT (SELECT max(id) FROM products), (SELECT min(id::text)::uuid FROM users), 2, NULL, 'It fell.', '2026-11-21'",
    "INSERT INTO review_mentions (review_id, feature_id, sentiment, score, clause, provider, model) SELECT "
    "max(r.id), (SELECT min(id) FROM features), 'negative', 0.9, 'It fell', 'local', 'by hand' FROM reviews r",
    "UPDATE products SET price = price - 10 WHERE id = 1",
    "UPDATE reviews SET rating = 6 - rating, title = NULL WHERE id = (SELECT min(id) FROM reviews)",
    "DELETE FROM reviews WHERE id = (SELECT max(r.id) FROM reviews r JOIN products p ON p.id = product_id "
    "WHERE p.category <> 'Kites')",
)


def _graph_left_behind(settings: Settings) -> None:
    for statement in LATE:
        write(settings, statement)


@exercise(_graph_left_behind)
def graph_left_behind(look: Look) -> None:
    """The graph says what the tables say, still does after the next inserts, updates and deletes in the same
    transaction, and all of this stands in a revision of your own that can be taken back."""
    drafts = [path.stem for path in scratch.drafts()]
    look.expect(bool(drafts), "there is no draft in backend/scratch", "a repair by hand reaches no other database")
    applied_here(look)
    graph_as_tables(look)
    if not look.faults:
        _after_changes(look)
        look.connection.rollback()
        if not look.faults:
            faithful(look, *drafts)


def _after_changes(look: Look) -> None:
    """Change the tables, in a transaction that is rolled back, and see after each statement what the graph says.

    After each, since the next one may mend what this one left undone.
    """
    for statement in LATE:
        look.connection.execute(sa.text(statement))
        look.connection.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))  # a trigger may wait for the commit
        other = Look(look.connection)
        graph_as_tables(other)
        look.seen += other.seen
        if other.faults:
            words = " ".join(statement.split()[:3])
            look.faults += [Fault(f"after the next {words}: {fault.what}", fault.cause) for fault in other.faults]
            return
