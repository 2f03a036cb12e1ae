"""The questions that the X-ray asks PostgreSQL's catalogs: one query a kind of thing, one row a thing.

Every row has a `name`, quoted by the server; its other columns are the fields that are compared. What lives inside a
table says so in `table`. What belongs to an extension is left out (the extension itself is shown), and so are the
system's own schemas and the inside of Apache AGE's graphs. reading.NOT_SHOWN says what else is not asked, and why.
"""

from __future__ import annotations

# A graph's schema is known by its table _ag_label_vertex; ag_catalog itself may be missing.
_GRAPH = "EXISTS (SELECT FROM pg_class g WHERE g.relnamespace = {s}.oid AND g.relname = '_ag_label_vertex')"
_NOT_THE_SYSTEMS = (
    "{s}.nspname NOT IN ('pg_catalog', 'information_schema', 'ag_catalog', 'shop_ai') "
    "AND {s}.nspname !~ '^pg_(toast|temp)'"
)
_SCHEMAS = f"{_NOT_THE_SYSTEMS} AND NOT {_GRAPH}"


def _own(oid: str, catalog: str) -> str:
    """A condition: the thing is not part of an extension."""
    return (
        f"NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = '{catalog}'::regclass AND d.objid = {oid} "
        "AND d.deptype = 'e')"
    )


def _ours(namespace: str) -> str:
    """A condition: the schema is neither the system's nor ag_catalog nor a graph's."""
    return f"{namespace} IN (SELECT s.oid FROM pg_namespace s WHERE {_SCHEMAS.format(s='s')})"


def _grants(given: str, kind: str, owner: str, usual: str | None = None) -> str:
    """The rights that differ from those the thing was born with, in words; null when none does.

    A right that was granted and revoked again leaves an explicit list that says what the default says: no difference.
    """
    born = f"acldefault('{kind}', {owner})"
    words = (
        "SELECT format('%s to %s%s', privilege_type, CASE grantee WHEN 0 THEN 'everybody' "
        f"WHEN {owner} THEN 'the owner' ELSE pg_get_userbyid(grantee)::text END, "
        "CASE WHEN is_grantable THEN ' with grant option' ELSE '' END) FROM aclexplode({})"
    )
    now, at_first = words.format(f"coalesce({given}, {born})"), words.format(usual or born)
    return (
        f"(SELECT array_agg(word ORDER BY word) FROM (({now} EXCEPT {at_first}) "
        f"UNION ALL SELECT 'no ' || gone FROM ({at_first} EXCEPT {now}) AS revoked(gone)) AS rights(word))"
    )


# The rights on the schema public were set by initdb, which noted them.
_SCHEMA_AT_FIRST = (
    "coalesce((SELECT i.initprivs FROM pg_init_privs i WHERE i.objoid = n.oid "
    "AND i.classoid = 'pg_namespace'::regclass AND i.objsubid = 0), acldefault('n', n.nspowner))"
)

# DROP EXTENSION age leaves the schema ag_catalog behind: a trace, so the schema itself is shown, if not what is in it.
_SCHEMA = f"""
    SELECT quote_ident(n.nspname) AS name, obj_description(n.oid, 'pg_namespace') AS comment,
           {_grants("n.nspacl", "n", "n.nspowner", _SCHEMA_AT_FIRST)} AS grants
    FROM pg_namespace n
    WHERE ({_SCHEMAS.format(s="n")} OR n.nspname = 'ag_catalog') AND {_own("n.oid", "pg_namespace")}"""

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
           CASE WHEN t.typtype = 'd' THEN NOT t.typnotnull END AS nullable,
           t.typdefault AS "default",
           (SELECT array_agg(format('%I %s', k.conname, pg_get_constraintdef(k.oid)) ORDER BY k.conname)
            FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') AS checks,
           (SELECT format_type(g.rngsubtype, NULL) FROM pg_range g WHERE g.rngtypid = t.oid) AS subtype,
           CASE WHEN t.typtype = 'c' THEN (
               SELECT array_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
               FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped) END
               AS attributes,
           obj_description(t.oid, 'pg_type') AS comment, {_grants("t.typacl", "T", "t.typowner")} AS grants
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
           c.relrowsecurity AS row_security, c.relforcerowsecurity AS forced_row_security,
           nullif(c.relreplident::text, 'd') AS replica_identity, c.reloptions::text[] AS options,
           (SELECT array_agg(i.inhparent::regclass::text ORDER BY i.inhseqno) FROM pg_inherits i
            WHERE i.inhrelid = c.oid) AS parents,
           pg_get_partkeydef(c.oid) AS partitioned_by, pg_get_expr(c.relpartbound, c.oid) AS partition,
           {_grants("c.relacl", "r", "c.relowner")} AS grants
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

# NOT NULL has a constraint of its own since PostgreSQL 18; it is shown as a field of the column on every version.
_COLUMN = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname) AS name,
           format('%I.%I', n.nspname, c.relname) AS "table",
           format_type(a.atttypid, a.atttypmod) AS type, NOT a.attnotnull AS nullable,
           pg_get_expr(e.adbin, e.adrelid) AS "default",
           CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
           CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS generated,
           col_description(c.oid, a.attnum) AS comment,
           CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation::text END AS collation,
           CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage::text END AS storage,
           nullif(a.attcompression::text, '') AS compression,
           nullif(a.attstattarget, -1) AS statistics, a.attoptions::text[] AS options,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n'
                   AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated) AS not_null_unproved,
           {_grants("a.attacl", "c", "c.relowner")} AS grants
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f')
      AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

# A foreign key is kept by triggers of its own, which ALTER TABLE ... DISABLE TRIGGER ALL switches off.
_CONSTRAINT = f"""
    SELECT format('%I.%I.%I', n.nspname, r.relname, c.conname) AS name,
           format('%I.%I', n.nspname, r.relname) AS "table",
           CASE c.contype WHEN 'p' THEN 'primary key' WHEN 'f' THEN 'foreign key' WHEN 'u' THEN 'unique'
               WHEN 'c' THEN 'check' WHEN 'x' THEN 'exclusion' ELSE c.contype::text END AS kind,
           pg_get_constraintdef(c.oid) AS definition, c.condeferrable AS deferrable, c.condeferred AS deferred,
           c.convalidated AS validated,
           EXISTS (SELECT FROM pg_trigger t WHERE t.tgconstraint = c.oid AND t.tgisinternal AND t.tgenabled = 'D')
               AS switched_off,
           obj_description(c.oid, 'pg_constraint') AS comment
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.contype IN ('p', 'f', 'u', 'c', 'x') AND {_ours("r.relnamespace")} AND {_own("r.oid", "pg_class")}"""

# Those that AGE makes with a label are told with the label.
_AGES_OWN_INDEX = (
    "(i.indisprimary OR c.relname IN (r.relname || '_start_id_idx', r.relname || '_end_id_idx')) AND "
    + _GRAPH.format(s="n")
)

_INDEX = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, format('%I.%I', n.nspname, r.relname) AS "table",
           pg_get_indexdef(c.oid) AS definition, i.indisvalid AS valid, i.indisreplident AS replica_identity,
           obj_description(c.oid, 'pg_class') AS comment
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_NOT_THE_SYSTEMS.format(s="n")} AND NOT ({_AGES_OWN_INDEX}) AND {_own("r.oid", "pg_class")}"""

# The next number is read from the sequences themselves (reading._next_values).
_SEQUENCE = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name, o.owning_table AS "table", o.owning_column AS column,
           format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS increment,
           s.seqmin AS minimum, s.seqmax AS maximum, s.seqcycle AS cycle, s.seqcache AS cache,
           obj_description(c.oid, 'pg_class') AS comment, {_grants("c.relacl", "s", "c.relowner")} AS grants
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (
        SELECT format('%I.%I', m.nspname, r.relname) AS owning_table, quote_ident(a.attname) AS owning_column
        FROM pg_depend d JOIN pg_class r ON r.oid = d.refobjid JOIN pg_namespace m ON m.oid = r.relnamespace
        JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
          AND d.deptype IN ('a', 'i')) AS o ON true
    WHERE {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_VIEW = f"""
    SELECT format('%I.%I', n.nspname, c.relname) AS name,
           CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END AS kind,
           pg_get_viewdef(c.oid) AS definition, obj_description(c.oid, 'pg_class') AS comment,
           (SELECT array_agg(format('%I: %s', a.attname, col_description(c.oid, a.attnum)) ORDER BY a.attnum)
            FROM pg_attribute a WHERE a.attrelid = c.oid AND col_description(c.oid, a.attnum) IS NOT NULL)
               AS column_comments,
           CASE WHEN c.relkind = 'm' THEN c.relispopulated END AS populated,
           c.reloptions::text[] AS options, {_grants("c.relacl", "r", "c.relowner")} AS grants
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('v', 'm') AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_FUNCTION = f"""
    SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS name,
           pg_get_function_arguments(p.oid) AS arguments,
           CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) ELSE (
               SELECT format('aggregate of %s into %s, at the end %s, from %L', g.aggtransfn,
                             format_type(g.aggtranstype, NULL), g.aggfinalfn, g.agginitval)
               FROM pg_aggregate g WHERE g.aggfnoid = p.oid) END AS definition,
           obj_description(p.oid, 'pg_proc') AS comment, {_grants("p.proacl", "f", "p.proowner")} AS grants
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {_ours("p.pronamespace")} AND {_own("p.oid", "pg_proc")}"""

_TRIGGER = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, t.tgname) AS name,
           format('%I.%I', n.nspname, c.relname) AS "table", pg_get_triggerdef(t.oid) AS definition,
           CASE t.tgenabled WHEN 'O' THEN 'yes' WHEN 'D' THEN 'no' WHEN 'R' THEN 'on a replica' ELSE 'always' END
               AS enabled,
           obj_description(t.oid, 'pg_trigger') AS comment
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_RULE = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, w.rulename) AS name,
           format('%I.%I', n.nspname, c.relname) AS "table", pg_get_ruledef(w.oid) AS definition,
           w.ev_enabled::text AS enabled, obj_description(w.oid, 'pg_rewrite') AS comment
    FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE w.rulename <> '_RETURN' AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}"""

_POLICY = f"""
    SELECT format('%I.%I.%I', n.nspname, c.relname, p.polname) AS name,
           format('%I.%I', n.nspname, c.relname) AS "table",
           CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE'
               ELSE 'ALL' END AS command,
           p.polpermissive AS permissive,
           (SELECT array_agg(CASE o WHEN 0 THEN 'everybody' ELSE pg_get_userbyid(o)::text END
                             ORDER BY pg_get_userbyid(o)) FROM unnest(p.polroles) AS o) AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS "using", pg_get_expr(p.polwithcheck, p.polrelid) AS "check",
           obj_description(p.oid, 'pg_policy') AS comment
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_ours("c.relnamespace")}"""

# What ALTER DEFAULT PRIVILEGES says, and the rights on the database itself.
_GRANT = f"""
    SELECT * FROM (
        SELECT format('default for new %s of %I%s', CASE p.defaclobjtype WHEN 'r' THEN 'tables'
                   WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' ELSE 'schemas' END,
                   pg_get_userbyid(p.defaclrole), ' in ' || quote_ident(n.nspname)) AS name,
               (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(p.defaclacl) AS a) AS grants
        FROM pg_default_acl p LEFT JOIN pg_namespace n ON n.oid = p.defaclnamespace
        UNION ALL
        SELECT 'on the database', {_grants("b.datacl", "d", "b.datdba")}
        FROM pg_database b WHERE b.datname = current_database()) AS given
    WHERE grants IS NOT NULL"""

# ALTER DATABASE ... SET and ALTER ROLE ... IN DATABASE ... SET. The name of a setting is no secret, its value may be:
# it enters as a hash.
_SETTING = """
    SELECT coalesce(quote_ident(r.rolname) || ' in this database', 'this database') || ': '
               || split_part(one, '=', 1) AS name,
           CASE WHEN split_part(one, '=', 1) ~* '(key|password|secret|token)' THEN 'hidden, md5 ' || md5(one)
               ELSE substr(one, strpos(one, '=') + 1) END AS value
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole CROSS JOIN unnest(s.setconfig) AS one
    WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())"""

# The rare kinds: that one is there always shows, its inside only where a definition is given.
_RARE = {
    "pg_statistic_ext": "pg_get_statisticsobjdef(x.oid)",
    "pg_event_trigger": "(SELECT format('on %s calls %s, enabled %s', v.evtevent, v.evtfoid, v.evtenabled) "
    "FROM pg_event_trigger v WHERE v.oid = x.oid)",
    "pg_ts_config": "(SELECT string_agg(format('%s: %s', m.maptokentype, m.mapdict::regdictionary), ', ' "
    "ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = x.oid)",
    "pg_ts_dict": "(SELECT format('%s (%s)', p.tmplname, t.dictinitoption) FROM pg_ts_dict t "
    "JOIN pg_ts_template p ON p.oid = t.dicttemplate WHERE t.oid = x.oid)",
    "pg_publication": "NULL",
    "pg_collation": "NULL",
    "pg_cast": "NULL",
    "pg_operator": "NULL",
    "pg_opclass": "NULL",
    "pg_opfamily": "NULL",
    "pg_language": "NULL",
    "pg_foreign_data_wrapper": "NULL",
    "pg_foreign_server": "NULL",
}
_FIRST_OID_NOT_BUILT_IN = 16384
_OTHER = " UNION ALL ".join(
    f"SELECT format('%s %s', i.type, i.identity) AS name, {definition} AS definition, "
    f"obj_description(x.oid, '{catalog}') AS comment "
    f"FROM {catalog} x CROSS JOIN LATERAL pg_identify_object('{catalog}'::regclass, x.oid, 0) i "
    f"WHERE x.oid >= {_FIRST_OID_NOT_BUILT_IN} AND {_own('x.oid', catalog)}"
    for catalog, definition in _RARE.items()
)

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
    "rule": _RULE,
    "policy": _POLICY,
    "grant": _GRANT,
    "setting": _SETTING,
    "other": _OTHER,
}

SEQUENCES = f"""
    SELECT n.nspname, c.relname, format('%I.%I', n.nspname, c.relname), s.seqincrement
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")} ORDER BY 3"""

_IS_VECTOR = "t.typname IN ('vector', 'halfvec', 'sparsevec')"
_IS_TIME_OF_THE_RUN = (
    "a.attname = ANY(%s) AND t.typname IN ('timestamptz', 'timestamp') AND "
    r"pg_get_expr(e.adbin, e.adrelid) ~ '^\(?(now\(\)|CURRENT_TIMESTAMP|clock_timestamp\(\))'"
)

# A row for each table: schema, table, name, the columns of its content, the columns that hold vectors, whether its rows
# say by which model they were made. Partitions are tables of their own, so their parent is not read again.
CONTENTS = f"""
    SELECT n.nspname, c.relname, format('%%I.%%I', n.nspname, c.relname),
           coalesce(array_agg(a.attname::text ORDER BY a.attnum)
               FILTER (WHERE NOT ({_IS_VECTOR}) AND ({_IS_TIME_OF_THE_RUN}) IS NOT TRUE), '{{}}'),
           coalesce(array_agg(ARRAY[a.attname::text, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod)]
                              ORDER BY a.attnum) FILTER (WHERE {_IS_VECTOR}), '{{}}'),
           count(*) FILTER (WHERE a.attname IN ('provider', 'model') AND t.typname IN ('text', 'varchar')) = 2
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
    WHERE (c.relkind = 'r' OR c.relkind = 'm' AND c.relispopulated)
      AND {_ours("c.relnamespace")} AND {_own("c.oid", "pg_class")}
    GROUP BY n.nspname, c.relname ORDER BY 3"""

# A row for each label: graph, label, vertex or edge, AGE's own indexes on it, comment. It is read from PostgreSQL's
# catalogs, because AGE's own tables are closed to an ordinary user.
GRAPH_LABELS = f"""
    SELECT s.nspname::text, r.relname::text,
           CASE WHEN coalesce(p.relname, r.relname) = '_ag_label_vertex' THEN 'vertex' ELSE 'edge' END,
           (SELECT array_agg(pg_get_indexdef(i.indexrelid) ORDER BY x.relname) FROM pg_index i
            JOIN pg_class x ON x.oid = i.indexrelid
            WHERE i.indrelid = r.oid AND (i.indisprimary OR x.relname IN
                  (r.relname || '_start_id_idx', r.relname || '_end_id_idx'))),
           obj_description(r.oid, 'pg_class')
    FROM pg_class r JOIN pg_namespace s ON s.oid = r.relnamespace
    LEFT JOIN pg_inherits h ON h.inhrelid = r.oid LEFT JOIN pg_class p ON p.oid = h.inhparent
    WHERE r.relkind = 'r' AND {_GRAPH.format(s="s")}
      AND coalesce(p.relname, r.relname) IN ('_ag_label_vertex', '_ag_label_edge') ORDER BY 1, 2"""
