"""op.create_graph and op.drop_graph: rows of tables as the vertices and edges of an Apache AGE graph.

    op.create_graph(
        "shop_graph",
        vertices={
            "Product": "SELECT id, name FROM products",          # the first column is the key
            "Feature": "SELECT id, name FROM features",
        },
        edges={                                                  # start, end, and a query: key, key, properties
            "HAS_FEATURE": ("Product", "Feature", "SELECT product_id, feature_id FROM product_features"),
        },
    )

Every row of a query becomes a vertex, or an edge between the two vertices whose keys it names; its columns become
properties. A column that is null becomes no property, as in Cypher itself. Cypher knows text, true and false, whole
numbers, floating-point numbers, lists and maps; a decimal compares in other ways than these, so cast it.

The rows do not go through Cypher. One INSERT ... SELECT for each label puts them straight into the table in which AGE
keeps it, and the ends of the edges are found by a join. All of it belongs to the revision's transaction, and the
search_path stays as it was. The queries are the revision's own code, and are trusted like any other statement of it.

AGE 1.8 does not survive an error in the transaction that created or dropped the extension: ROLLBACK fails, and the
session with it. Both operations therefore work inside a savepoint, which takes the error before the transaction does.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic.operations import MigrateOperation, Operations

from shop.errors import ExplainedError

log = logging.getLogger("alembic.operations.create_graph")

Edge = tuple[str, str, str]  # label of the start, label of the end, query
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,62}")


class GraphError(ExplainedError):
    """The declaration of a graph cannot work; nothing was changed."""


@Operations.register_operation("create_graph")
class CreateGraph(MigrateOperation):
    """Create a graph and fill it; see the module's text."""

    def __init__(self, name: str, *, vertices: Mapping[str, str], edges: Mapping[str, Edge]) -> None:
        self.name, self.vertices, self.edges = name, dict(vertices), dict(edges)
        if not NAME.fullmatch(name):
            raise GraphError(
                f'"{name}" cannot be the name of a graph: 3 to 63 letters, digits and underscores, no digit in front.'
            )
        for label, (start, end, _) in self.edges.items():
            if missing := {start, end} - set(self.vertices):
                raise GraphError(f"The edge {label} wants the vertex {min(missing)}, which is not declared.")

    @classmethod
    def create_graph(
        cls, operations: Operations, name: str, *, vertices: Mapping[str, str], edges: Mapping[str, Edge]
    ) -> None:
        """Create a graph from rows of tables.

        Args:
            name: 3 characters or more; AGE makes a schema of this name.
            vertices: label to query; its first column is the key.
            edges: label to (label of the start, label of the end, query); the first two columns are their keys.

        Raises:
            GraphError: the name is too short, or an edge wants a vertex that is not declared. What the database finds
                out, a graph of that name, a key that is null or there twice, an edge that points nowhere, comes as
                the driver's error.
        """
        operations.invoke(cls(name, vertices=vertices, edges=edges))


@Operations.register_operation("drop_graph")
class DropGraph(MigrateOperation):
    """Drop a graph with all that is in it."""

    def __init__(self, name: str) -> None:
        self.name = name

    @classmethod
    def drop_graph(cls, operations: Operations, name: str) -> None:
        """Drop a graph with all that is in it, vertices and edges of other origin, too.

        It is dropped by AGE's own function, since DROP SCHEMA would leave AGE's notes of the graph behind.
        """
        operations.invoke(cls(name))


@Operations.implementation_for(CreateGraph)
def create(operations: Operations, plan: CreateGraph) -> None:
    """Create, fill label by label, and throw away what was staged."""
    with _guarded(operations):
        for function in (_CREATE, _VERTICES, _EDGES, _FINISH):
            operations.execute(function)
        _call(operations, "create_graph", plan.name)
        for label, query in plan.vertices.items():
            _told(label, _call(operations, "add_vertices", plan.name, label, query))
        for label, (start, end, query) in plan.edges.items():
            _told(label, _call(operations, "add_edges", plan.name, label, start, end, query))
        _call(operations, "finish_graph", plan.name)


@Operations.implementation_for(DropGraph)
def drop(operations: Operations, plan: DropGraph) -> None:
    """Drop it by AGE's own function: DROP SCHEMA would leave AGE's notes of it behind."""
    with _guarded(operations):
        operations.execute(_DROP)
        _call(operations, "drop_graph", plan.name)


def _guarded(operations: Operations) -> contextlib.AbstractContextManager[Any]:
    """Return a savepoint; a script needs none, since psql ends its session at the first error."""
    if operations.migration_context.as_sql:
        return contextlib.nullcontext()
    return operations.get_bind().begin_nested()


def _call(operations: Operations, function: str, *arguments: str) -> int | None:
    """Call one of the functions below; names and queries are parameters."""
    call = sa.select(getattr(sa.func.pg_temp, function)(*(sa.literal(one, sa.Text) for one in arguments)))
    if operations.migration_context.as_sql:
        operations.execute(call)
        return None
    return operations.get_bind().scalar(call)


def _told(label: str, count: int | None) -> None:
    if count is not None:
        log.info("%s: %s", label, count)


# The functions end with the session. Their search_path is their own: AGE finds its operators by it, and whoever calls
# them gets back the one he had. Temporary tables come last in it, and are therefore named with their schema. That
# a statement is put together by format() is the server's way of quoting names, which can be no parameters.

_CREATE = """
    CREATE OR REPLACE FUNCTION pg_temp.create_graph(graph text) RETURNS void LANGUAGE plpgsql
    SET search_path = public, ag_catalog, pg_temp AS $$
    BEGIN
        IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'age') THEN
            RAISE EXCEPTION 'The graph "%" needs the extension age, which is not in this database', graph
                USING ERRCODE = 'feature_not_supported', HINT = 'Call op.create_extension("age") before.';
        END IF;
        IF NOT has_schema_privilege('ag_catalog', 'USAGE') THEN
            RAISE EXCEPTION 'The user "%" may not use the schema ag_catalog, in which Apache AGE lives', current_user
                USING ERRCODE = 'feature_not_supported',
                HINT = format('Have an administrator run GRANT USAGE ON SCHEMA ag_catalog TO %I.', current_user);
        END IF;
        PERFORM create_graph(graph::name);
    EXCEPTION WHEN duplicate_schema OR invalid_schema_name THEN
        RAISE EXCEPTION 'There is a graph or a schema "%" already, and this revision did not make it', graph
            USING ERRCODE = 'feature_not_supported',
            HINT = format('Rename it, or drop it by SELECT ag_catalog.drop_graph(%L, true).', graph);
    END $$
"""

_VERTICES = """
    CREATE OR REPLACE FUNCTION pg_temp.add_vertices(graph text, label text, query text) RETURNS bigint
    LANGUAGE plpgsql SET search_path = public, ag_catalog, pg_temp AS $$
    DECLARE
        staged text := format('pg_temp.%I', 'vertices ' || md5(label));
        properties text;
        key text;
        wrong record;
        added bigint;
    BEGIN
        EXECUTE format('SELECT create_vlabel(%L, %L)', graph, label);
        -- The ids are given here and not by the label's default, so that the edges can find them without a search.
        EXECUTE format(
            'CREATE TEMPORARY TABLE %s AS SELECT _graphid(%s, nextval(%L)) AS "vertex id", row.* '
            'FROM (SELECT * FROM (%s) AS query ORDER BY 1) AS row',
            replace(staged, 'pg_temp.', ''), _label_id(graph::name, label::name),
            format('%I.%I', graph, label || '_id_seq'), query);
        SELECT string_agg(format('%L::text, row.%I', attname, attname), ', ' ORDER BY attnum),
               (array_agg(attname ORDER BY attnum))[1]
        INTO properties, key
        FROM pg_attribute WHERE attrelid = staged::regclass AND attnum > 1;
        EXECUTE format('SELECT %I::text AS key, count(*) AS times FROM %s GROUP BY %1$I '
                       'HAVING count(*) > 1 OR %1$I IS NULL LIMIT 1', key, staged) INTO wrong;
        IF wrong.times > 0 THEN
            RAISE EXCEPTION 'A vertex % needs a key of its own: % = % is there % times', label, key,
                coalesce(wrong.key, 'null'), wrong.times USING ERRCODE = 'unique_violation';
        END IF;
        EXECUTE format('INSERT INTO %I.%I (id, properties) '
                       'SELECT "vertex id", agtype_build_map_nonull(%s) FROM %s AS row',
                       graph, label, properties, staged);
        GET DIAGNOSTICS added = ROW_COUNT;
        RETURN added;
    END $$
"""

_EDGES = """
    CREATE OR REPLACE FUNCTION pg_temp.add_edges(graph text, label text, start_label text, end_label text, query text)
    RETURNS bigint LANGUAGE plpgsql SET search_path = public, ag_catalog, pg_temp AS $$
    DECLARE
        start_staged text := format('pg_temp.%I', 'vertices ' || md5(start_label));
        end_staged text := format('pg_temp.%I', 'vertices ' || md5(end_label));
        names text[];
        properties text;
        joined text;
        wrong record;
        added bigint;
    BEGIN
        EXECUTE format('SELECT create_elabel(%L, %L)', graph, label);
        EXECUTE format('CREATE TEMPORARY VIEW "edges staged" AS %s', query);
        SELECT array_agg(attname::text ORDER BY attnum),
               coalesce('agtype_build_map_nonull(' || string_agg(
                   format('%L::text, row.%I', attname, attname), ', ' ORDER BY attnum) FILTER (WHERE attnum > 2) || ')',
                   'agtype_build_map()')
        INTO names, properties
        FROM pg_attribute WHERE attrelid = 'pg_temp."edges staged"'::regclass;
        SELECT format('pg_temp."edges staged" AS row '
                      'LEFT JOIN %s AS a ON a.%I = row.%I LEFT JOIN %s AS b ON b.%I = row.%I',
                      start_staged, a.attname, names[1], end_staged, b.attname, names[2])
        INTO joined
        FROM pg_attribute a, pg_attribute b
        WHERE (a.attrelid, a.attnum) = (start_staged::regclass, 2)
          AND (b.attrelid, b.attnum) = (end_staged::regclass, 2);
        BEGIN
            EXECUTE format(
                'INSERT INTO %I.%I (id, start_id, end_id, properties) '
                'SELECT _graphid(%s, nextval(%L)), a."vertex id", b."vertex id", %s FROM %s',
                graph, label, _label_id(graph::name, label::name), format('%I.%I', graph, label || '_id_seq'),
                properties, joined);
            GET DIAGNOSTICS added = ROW_COUNT;
        EXCEPTION WHEN not_null_violation THEN
            EXECUTE format('SELECT row.%I::text AS one, row.%I::text AS other, a."vertex id" IS NULL AS no_start '
                           'FROM %s WHERE a."vertex id" IS NULL OR b."vertex id" IS NULL ORDER BY 1, 2 LIMIT 1',
                           names[1], names[2], joined) INTO wrong;
            RAISE EXCEPTION 'The edge % of % = %, % = % points nowhere: there is no such %', label,
                names[1], coalesce(wrong.one, 'null'), names[2], coalesce(wrong.other, 'null'),
                CASE WHEN wrong.no_start THEN start_label ELSE end_label END USING ERRCODE = 'foreign_key_violation';
        END;
        DROP VIEW pg_temp."edges staged";
        RETURN added;
    END $$
"""

_FINISH = """
    CREATE OR REPLACE FUNCTION pg_temp.finish_graph(graph text) RETURNS void LANGUAGE plpgsql
    SET search_path = public, ag_catalog, pg_temp AS $$
    DECLARE
        staged regclass;
    BEGIN
        FOR staged IN
            SELECT oid FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relname LIKE 'vertices %'
        LOOP
            EXECUTE format('DROP TABLE %s', staged);
        END LOOP;
    END $$
"""

_DROP = """
    CREATE OR REPLACE FUNCTION pg_temp.drop_graph(graph text) RETURNS void LANGUAGE plpgsql
    SET search_path = public, ag_catalog, pg_temp AS $$
    BEGIN
        PERFORM drop_graph(graph::name, true);
    END $$
"""
