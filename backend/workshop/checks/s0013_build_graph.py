"""What 0013_build_graph promises: the graph says what the tables say, row by row."""

from collections.abc import Sequence

from workshop.checks import Look

CAUSE = "0013 was not applied as it stands in the repository, or somebody changed the graph by hand"
DRIFT = "the table or the graph was changed after the graph was built: they drifted apart"

# Label: what its vertices must be, from the tables. Written apart from the revision's own declaration.
VERTICES = {
    "Product": "jsonb_build_object('id', id, 'name', name, 'brand', brand, 'price', price) FROM products",
    "Feature": "jsonb_build_object('id', id, 'name', name) FROM features",
    "Review": "jsonb_strip_nulls(jsonb_build_object('id', id, 'rating', rating, 'title', title, 'reviewed_on', "
    "reviewed_on)) FROM reviews",
    "User": "jsonb_build_object('id', id) FROM users",
    "Category": "DISTINCT jsonb_build_object('name', category) FROM products",
}
# Label: the two keys and the properties, from the tables.
EDGES = {
    "HAS_FEATURE": "product_id::text, feature_id::text, '{}'::jsonb FROM product_features",
    "HAS_REVIEW": "product_id::text, id::text, '{}'::jsonb FROM reviews",
    "MENTIONS": "review_id::text, feature_id::text, jsonb_build_object('sentiment', sentiment, 'score', score) "
    "FROM review_mentions",
    "WROTE": "user_id::text, id::text, '{}'::jsonb FROM reviews WHERE user_id IS NOT NULL",
    "IN_CATEGORY": "id::text, category, '{}'::jsonb FROM products",
}


def extension(look: Look) -> None:
    """The extension age is there, and the path on which names are found is as it was."""
    found = look.values("SELECT extname FROM pg_extension WHERE extname = 'age'")
    look.expect(bool(found), "the extension age is missing", CAUSE)
    changed = look.values(
        "SELECT one FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) AS one JOIN pg_database d "
        "ON d.oid = s.setdatabase WHERE d.datname = current_database() AND one LIKE '%ag_catalog%'"
    )
    look.expect(not changed, f"set for the whole database: {changed}", "tables made from now on land in ag_catalog")


def labels(look: Look) -> None:
    """The graph shop_graph has its five kinds of vertices and five kinds of edges, and no others."""
    found = look.values("""
        SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = to_regnamespace('shop_graph')
        AND c.relkind = 'r' AND NOT starts_with(c.relname::text, '_ag_label_')
    """)
    look.same("label", found, [*VERTICES, *EDGES], CAUSE)


def vertices(look: Look) -> None:
    """Every row is a vertex, once, with the values of its row; null stays null."""
    for label, rows in VERTICES.items():
        found = look.rows(f'SELECT v.properties::text::jsonb, count(*) FROM shop_graph."{label}" AS v GROUP BY 1')
        wanted = look.rows(f"SELECT told, count(*) FROM (SELECT {rows}) AS t (told) GROUP BY 1")
        look.same(label, map(_written, found), map(_written, wanted), DRIFT)


def edges(look: Look) -> None:
    """Every edge joins the vertices of the two keys that its row names, once, with the values of its row."""
    for label, rows in EDGES.items():
        found = look.rows(f"""
            SELECT {_KEY.format("a")}, {_KEY.format("b")}, e.properties::text::jsonb, count(*)
            FROM shop_graph."{label}" AS e
            LEFT JOIN shop_graph._ag_label_vertex AS a ON a.id OPERATOR(ag_catalog.=) e.start_id
            LEFT JOIN shop_graph._ag_label_vertex AS b ON b.id OPERATOR(ag_catalog.=) e.end_id GROUP BY 1, 2, 3
        """)
        wanted = look.rows(
            f"SELECT one, other, told, count(*) FROM (SELECT {rows}) AS t (one, other, told) GROUP BY 1, 2, 3"
        )
        look.same(label, map(_written, found), map(_written, wanted), DRIFT)


def ends(look: Look) -> None:
    """Every edge goes from and to vertices of the right labels; none dangles."""
    wanted = [
        ("HAS_FEATURE", "Product", "Feature"),
        ("HAS_REVIEW", "Product", "Review"),
        ("IN_CATEGORY", "Product", "Category"),
        ("MENTIONS", "Review", "Feature"),
        ("WROTE", "User", "Review"),
    ]
    found = look.rows("""
        SELECT DISTINCT e.tableoid::regclass::text, a.tableoid::regclass::text, b.tableoid::regclass::text
        FROM shop_graph._ag_label_edge AS e
        LEFT JOIN shop_graph._ag_label_vertex AS a ON a.id OPERATOR(ag_catalog.=) e.start_id
        LEFT JOIN shop_graph._ag_label_vertex AS b ON b.id OPERATOR(ag_catalog.=) e.end_id
    """)
    named = [tuple(str(one).rpartition(".")[2].strip('"') for one in row) for row in found]
    look.same("kind of edge", named, wanted, "a vertex was deleted by SQL, or an edge was made by hand")


_KEY = "coalesce({0}.properties::text::jsonb ->> 'id', {0}.properties::text::jsonb ->> 'name')"


def _written(row: Sequence[object]) -> str:
    """Return a row as text, to compare and to name it; its last column says how often it is there."""
    times = "" if row[-1] == 1 else f" ({row[-1]} times)"
    return ", ".join(map(_value, row[:-1])) + times


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in sorted(value.items()))
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
