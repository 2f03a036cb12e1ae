"""Let the graph follow its tables

Revision ID: draft_follow_tables
Revises: {head}

After every statement that changes a table, the graph is compared with all of them, and what differs is mended: in
the same transaction, so that nobody ever sees the one without the other. The lock lets writers do so one after the
other, since two that bring in the same new category would both make its vertex. The downgrade leaves the graph as it
is, and nobody who keeps it up.
"""

from alembic import op

revision = "draft_follow_tables"
down_revision = "{head}"
branch_labels = None
depends_on = None

TABLES = ("products", "features", "reviews", "users", "product_features", "review_mentions")

REFRESH = """
    CREATE FUNCTION refresh_shop_graph() RETURNS trigger LANGUAGE plpgsql SET search_path = public, ag_catalog AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock(hashtext('shop_graph'));
        PERFORM refresh_vertices('Product', 'id',
            'SELECT agtype_build_map(''id'', id, ''name'', name, ''brand'', brand, ''price'', price::float8)
             FROM products');
        PERFORM refresh_vertices('Feature', 'id',
            'SELECT agtype_build_map(''id'', id, ''name'', name) FROM features');
        PERFORM refresh_vertices('Review', 'id',
            'SELECT agtype_build_map_nonull(''id'', id, ''rating'', rating, ''title'', title,
                                            ''reviewed_on'', reviewed_on::text) FROM reviews');
        PERFORM refresh_vertices('User', 'id', 'SELECT agtype_build_map(''id'', id::text) FROM users');
        PERFORM refresh_vertices('Category', 'name',
            'SELECT agtype_build_map(''name'', category) FROM products GROUP BY category');
        PERFORM refresh_edges('HAS_FEATURE', 'Product', 'Feature', 'id',
            'SELECT product_id, feature_id, agtype_build_map() FROM product_features');
        PERFORM refresh_edges('HAS_REVIEW', 'Product', 'Review', 'id',
            'SELECT product_id, id, agtype_build_map() FROM reviews');
        PERFORM refresh_edges('MENTIONS', 'Review', 'Feature', 'id',
            'SELECT review_id, feature_id,
                    agtype_build_map(''sentiment'', sentiment, ''score'', score::text::float8) FROM review_mentions');
        PERFORM refresh_edges('WROTE', 'User', 'Review', 'id',
            'SELECT user_id::text, id, agtype_build_map() FROM reviews WHERE user_id IS NOT NULL');
        PERFORM refresh_edges('IN_CATEGORY', 'Product', 'Category', 'name',
            'SELECT id, category, agtype_build_map() FROM products');
        RETURN NULL;
    END $$
"""

VERTICES = """
    CREATE FUNCTION refresh_vertices(label text, key text, query text) RETURNS void
    LANGUAGE plpgsql SET search_path = public, ag_catalog AS $$
    DECLARE
        same text := format('agtype_access_operator(v.properties, %1$L) = agtype_access_operator(t.told, %1$L)',
                            to_json(key));
    BEGIN
        EXECUTE format('DELETE FROM shop_graph.%I AS v WHERE NOT EXISTS (SELECT FROM (%s) AS t (told) WHERE %s)',
                       label, query, same);
        EXECUTE format('MERGE INTO shop_graph.%I AS v USING (%s) AS t (told) ON %s
                        WHEN MATCHED AND v.properties <> t.told THEN UPDATE SET properties = t.told
                        WHEN NOT MATCHED THEN INSERT (properties) VALUES (t.told)', label, query, same);
    END $$
"""

EDGES = """
    CREATE FUNCTION refresh_edges(label text, start_label text, end_label text, end_key text, query text)
    RETURNS void LANGUAGE plpgsql SET search_path = public, ag_catalog AS $$
    DECLARE
        told text := format(
            'SELECT a.id, b.id, t.told FROM (%s) AS t (one, other, told)
             JOIN shop_graph.%I AS a ON agtype_access_operator(a.properties, ''"id"'') = to_json(t.one)::text::agtype
             JOIN shop_graph.%I AS b ON agtype_access_operator(b.properties, %L) = to_json(t.other)::text::agtype',
            query, start_label, end_label, to_json(end_key));
    BEGIN
        EXECUTE format('DELETE FROM shop_graph.%I AS e WHERE NOT EXISTS (
                            SELECT FROM (%s) AS t (one, other, told) WHERE t.one = e.start_id AND t.other = e.end_id)',
                       label, told);
        EXECUTE format('MERGE INTO shop_graph.%I AS e USING (%s) AS t (one, other, told)
                        ON t.one = e.start_id AND t.other = e.end_id
                        WHEN MATCHED AND e.properties <> t.told THEN UPDATE SET properties = t.told
                        WHEN NOT MATCHED THEN INSERT (start_id, end_id, properties) VALUES (t.one, t.other, t.told)',
                       label, told);
    END $$
"""


def upgrade() -> None:
    for function in (VERTICES, EDGES, REFRESH):
        op.get_bind().exec_driver_sql(function.replace("%", "%%"))
    for table in TABLES:
        op.execute(f"""
            CREATE TRIGGER graph_follows AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refresh_shop_graph()
        """)
    op.execute("UPDATE products SET id = id WHERE false")  # one statement, and the graph has caught up


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"DROP TRIGGER graph_follows ON {table}")
    op.execute("DROP FUNCTION refresh_shop_graph()")
    op.execute("DROP FUNCTION refresh_edges(text, text, text, text, text)")
    op.execute("DROP FUNCTION refresh_vertices(text, text, text)")
