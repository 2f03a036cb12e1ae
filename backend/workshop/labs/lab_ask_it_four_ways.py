"""Lab: ask it four ways"""

from __future__ import annotations

import json

from shop import database
from shop.settings import Settings
from workshop.checks import Look
from workshop.labs import exercise

# -- what is wished, and what a colleague left ------------------------------------------------------------------------

# The price stands with the variants, so the colleague joined them. Each curse is now counted once for each variant.
CURSES = """
CREATE VIEW curses AS
SELECT g.name AS people, p.category, f.name AS feature, count(*) AS times
FROM reviews r
JOIN users u ON u.id = r.user_id
JOIN focus_groups g ON g.id = u.focus_group_id
JOIN products p ON p.id = r.product_id
JOIN variants v ON v.product_id = p.id AND v.price < 200
JOIN review_mentions m ON m.review_id = r.id AND m.sentiment = 'negative'
JOIN features f ON f.id = m.feature_id
GROUP BY g.name, p.category, f.name
"""


def nothing(settings: Settings) -> None:
    """Break nothing: something new is wished."""


def counted_by_variant(settings: Settings) -> None:
    """Leave a view that counts rows of a join where reviews were meant."""
    with database.connect(settings) as connection, connection.begin():
        connection.exec_driver_sql(CURSES)


# -- what is looked at ------------------------------------------------------------------------------------------------


@exercise(counted_by_variant)
def curses(look: Look) -> None:
    """The view curses (people, category, feature, times) counts each curse of a product under 200 once."""
    wanted = look.rows("""
        SELECT g.name, p.category, f.name, count(*)
        FROM review_mentions m JOIN reviews r ON r.id = m.review_id JOIN products p ON p.id = r.product_id
        JOIN users u ON u.id = r.user_id JOIN focus_groups g ON g.id = u.focus_group_id
        JOIN features f ON f.id = m.feature_id
        WHERE m.sentiment = 'negative' AND p.id IN (SELECT product_id FROM variants WHERE price < 200)
        GROUP BY g.name, p.category, f.name
    """)
    if _is_view(look, "curses"):
        found = look.rows("SELECT people, category, feature, times FROM public.curses")
        cause = "a join gives a row for each pair, not for each review"
        look.same("curses", map(tuple, found), map(tuple, wanted), cause)


FUNCTION = "public.opinions(ag_catalog.agtype)"


@exercise(nothing)
def opinions(look: Look) -> None:
    """The function opinions(parameters agtype) gives feature_id, praised and cursed of the product $product."""
    source = look.values("SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure(:name)", name=FUNCTION)
    look.expect(bool(source), f"there is no function {FUNCTION}", "create it in the schema public, with one parameter")
    _no_path_for_all(look)
    if not source:
        return
    look.expect("cypher(" in source[0], "opinions does not ask the graph", "the query is to be Cypher, in cypher(...)")
    for product in look.values("SELECT id FROM products ORDER BY id LIMIT 12"):
        wanted = look.rows(
            """
            SELECT m.feature_id, count(*) FILTER (WHERE m.sentiment = 'positive'),
                   count(*) FILTER (WHERE m.sentiment = 'negative')
            FROM review_mentions m JOIN reviews r ON r.id = m.review_id WHERE r.product_id = :product
            GROUP BY m.feature_id
            """,
            product=product,
        )
        asked = json.dumps({"product": product})
        found = look.rows(
            "SELECT feature_id, praised, cursed FROM public.opinions(CAST(:asked AS ag_catalog.agtype))", asked=asked
        )
        what = f"product {product} (feature_id, praised, cursed)"
        look.same(what, map(tuple, found), map(tuple, wanted), "graph and tables tell the same story")


def _is_view(look: Look, name: str) -> bool:
    kind = look.values("SELECT relkind FROM pg_class WHERE oid = to_regclass(:name)", name=f"public.{name}")
    look.expect(kind == ["v"], f"there is no view {name}", "a table would not follow the reviews: CREATE VIEW")
    return kind == ["v"]


def _no_path_for_all(look: Look) -> None:
    """Note a fault when the search_path was changed for the whole database or for a role in it."""
    changed = look.values("""
        SELECT setting FROM pg_db_role_setting AS s, unnest(s.setconfig) AS setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND setting LIKE 'search_path=%'
    """)
    cause = "later tables would land in ag_catalog: give the function its own path, CREATE FUNCTION ... SET search_path"
    look.expect(not changed, "the search_path of the whole database was changed", cause)
