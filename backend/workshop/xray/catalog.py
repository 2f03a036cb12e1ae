"""The questions that the X-ray asks PostgreSQL's catalogs: one query a kind of thing, one row a thing.

Every row has a `name`; its other columns are the fields that are compared. What belongs to an extension is left out
(the extension itself is shown), and so are the system's own schemas and the inside of Apache AGE's graphs.
"""

from __future__ import annotations


def _own(oid: str, catalog: str) -> str:
    """A condition: the thing is not part of an extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid} "
        "AND d.deptype = 'e')"
    )


def _ours(namespace: str) -> str:
    """A condition: the schema is neither the system's nor ag_catalog nor a graph's."""
    return f"{namespace} IN (SELECT s.oid FROM pg_namespace s WHERE {_SCHEMAS.format(s='s')})"


# A graph's schema is known by its table _ag_label_vertex; ag_catalog itself may be missing.
_SCHEMAS = (
    "{s}.nspname NOT IN ('pg_catalog', 'information_schema', 'ag_catalog') AND {s}.nspname !~ '^pg_(toast|temp)' "
    "AND NOT EXISTS (SELECT FROM pg_class g WHERE g.relnamespace = {s}.oid AND g.relname = '_ag_label_vertex')"
)

_SCHEMA = """
    SELECT quote_ident(n.nspname) AS name, obj_description(n.oid, 'pg_namespace') AS comment,
           (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(n.nspacl) a) AS grants
    FROM pg_namespace n WHERE n.oid > 0 AND """ + _SCHEMAS.format(s="n")

_EXTENSION = """
    SELECT quote_ident(e.extname) AS name, e.extversion AS version, quote_ident(n.nspname) AS schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'"""

_TYPE = f"""
    SELECT format('%I.%I', n.nspname, t.typname) AS name,
           CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite' END
               AS kind,
           (SELECT array_agg(v.enumlabel::text ORDER BY v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = t.oid)
               AS values,
           CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END AS base,
           CASE WHEN t.typtype = 'c' THEN (
               SELECT array_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END
               AS columns,
           obj_description(t.oid, 'pg_type') AS comment
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR t.typtype = 'c' AND c.relkind = 'c')
      AND {_ours("t.typnamespace")} AND {_own("t.oid", "pg_type")}"""

_TABLE = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name,
           CASE c.relkind WHEN 'p' THEN 'partitioned table' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
           (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
           obj_description(c.oid, 'pg_class') AS comment,
           CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'logged' END AS persistence,
           c.relrowsecurity AS row_security, c.reloptions::text[] AS options,
           (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) a) AS grants
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_COLUMN = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name,
           format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
           pg_get_expr(e.adbin, e.adrelid) AS "default",
           CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
           a.attgenerated <> '' AS generated, col_description(c.oid, a.attnum) AS comment,
           CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')
      AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

# NOT NULL has a constraint of its own since PostgreSQL 18; it is shown as a field of the column on every version.
_CONSTRAINT = f"""
    SELECT format('%I.%I.%I', n.nspname, r.relname, c.conname) AS name,
           CASE c.contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' WHEN 'u' THEN 'unique'
               WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE c.contype::text END AS kind,
           pg_get_constraintdef(c.oid) AS definition, c.condeferrable AS deferrable, c.condeferred AS deferred,
           c.convalidated AS validated, obj_description(c.oid, 'pg_constraint') AS comment
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.contype IN ('p', 'f', 'u', 'c', 'x') AND {_ours("r.relnamespace")} AND {_own("r.oid", "pg_class")}"""

_INDEX = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I.%I', n.nspname, r.relname) AS "table",
           pg_get_indexdef(c.oid) AS definition, i.indisvalid AS valid, c.reloptions::text[] AS options,
           obj_description(c.oid, 'pg_class') AS comment
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_ours("c.relnamespace")} AND {_own("r.oid", "pg_class")}"""

_SEQUENCE = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, format_type(s.seqtypid, NULL) AS type,
           s.seqstart AS start, s.seqincrement AS increment, s.seqmin AS minimum, s.seqmax AS maximum,
           s.seqcycle AS cycle,
           (SELECT format('%I.%I', r.relname, a.attname) FROM pg_depend d JOIN pg_class r ON r.oid = d.refobjid
            JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')) AS owner
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_VIEW = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name,
           CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind,
           pg_get_viewdef(c.oid) AS definition, obj_description(c.oid, 'pg_class') AS comment
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_FUNCTION = f"""
    SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
           CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE pg_get_functiondef(p.oid) END AS definition,
           obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {_ours("p.pronamespace")} AND {_own("p.oid", "pg_proc")}"""

_TRIGGER = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, t.tgname) AS name, pg_get_triggerdef(t.oid) AS definition,
           t.tgenabled <> 'D' AS enabled
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_POLICY = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, p.polname) AS name, p.polcmd::text AS command,
           p.polpermissive AS permissive, pg_get_expr(p.polqual, p.polrelid) AS "using",
           pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_ours("c.relnamespace")}"""

# ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET. The name of a setting is no secret, its value may be:
# it enters as a hash.
_SETTING = """
    SELECT coalesce(r.rolname || ' in this database', 'this database') || ': ' || split_part(one, '=', 1) AS name,
           CASE WHEN split_part(one, '=', 1) ~ '(key|password|secret|token)' THEN md5(one)
               ELSE substr(one, strpos(one, '=') + 1) END AS value
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) AS one
    WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"""

QUERIES = {
    "schema": _SCHEMA,
    "extension": _EXTENSION,
    "type": _TYPE,
    "table": _TABLE,
    "column": _COLUMN,
    "constraint": _CONSTRAINT,
    "index": _INDEX,
    "sequence": _SEQUENCE,
    "view": _VIEW,
    "function": _FUNCTION,
    "trigger": _TRIGGER,
    "policy": _POLICY,
    "setting": _SETTING,
}
# No parameters go with these, so exec_driver_sql would take a lone % for the beginning of one.
QUERIES = {kind: query.replace("%", "%%") for kind, query in QUERIES.items()}

_IS_VECTOR = "t.typname IN ('vector', 'halfvec', 'sparsevec')"

CONTENT_COLUMNS = f"""
    SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE
        NOT ({_IS_VECTOR}) AND NOT (a.attname = ANY(%s) AND t.typname IN ('timestamptz', 'timestamp')
             AND pg_get_expr(e.adbin, e.adrelid) ~ '(now\\(\\)|CURRENT_TIMESTAMP|clock_timestamp\\(\\))'))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    WHERE c.relkind IN ('r', 'm') AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}
    GROUP BY n.nspname, c.relname ORDER BY 1, 2"""

VECTOR_COLUMNS = f"""
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'm') AND {_IS_VECTOR}
      AND {_ours("c.relnamespace")} ORDER BY 1, 2, 3""".replace("%", "%%")

SEQUENCES = f"""
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'S' AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}""".replace("%", "%%")

GRAPH_LABELS = """
    SELECT g.name::text, l.name::text, CASE l.kind WHEN 'v' THEN 'vertex' ELSE 'edge' END,
           CASE l.kind WHEN 'v' THEN ARRAY['id', 'properties'] ELSE ARRAY['id', 'start_id', 'end_id', 'properties'] END
    FROM ag_catalog.ag_label l JOIN ag_catalog.ag_graph g ON g.graphid = l.graph ORDER BY 1, 2"""
