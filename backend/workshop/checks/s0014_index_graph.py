"""What 0014_index_graph promises."""

from workshop.checks import Look

CAUSE = "0014 was not applied as it stands in the repository, or somebody changed an index by hand"
LABELS = ("Product", "Feature", "Review", "User")


def indexes(look: Look) -> None:
    """Each label with a key has a unique btree on it, and a GIN index on all properties; all of them valid."""
    found = look.rows("""
        SELECT r.relname::text, c.relname::text, m.amname::text, i.indisunique, i.indisvalid
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class r ON r.oid = i.indrelid
        JOIN pg_am m ON m.oid = c.relam
        WHERE c.relnamespace = to_regnamespace('shop_graph') AND starts_with(c.relname::text, 'ix_')
    """)
    wanted = [(label, f"ix_{label.lower()}_id", "btree", True, True) for label in LABELS]
    wanted += [(label, f"ix_{label.lower()}_properties", "gin", False, True) for label in LABELS]
    look.same("index", map(tuple, found), wanted, CAUSE)


def used(look: Look) -> None:
    """Cypher finds a vertex by each of them, when it may not look at all vertices."""
    look.rows("SELECT ag_catalog.agtype_build_map(), set_config('search_path', 'public, ag_catalog', true), "
              "set_config('enable_seqscan', 'off', true)")  # fmt: skip
    for label in LABELS:
        asked = {"id": f"MATCH (n:{label}) WHERE n.id = 5", "properties": f"MATCH (n:{label} {{id\\: 5}})"}
        for index, match in asked.items():
            plan = look.values(f"EXPLAIN SELECT * FROM cypher('shop_graph', $$ {match} RETURN n $$) AS (n agtype)")
            name = f"ix_{label.lower()}_{index}"
            look.expect(any(name in line for line in plan), f"{name} is not used: {plan[0]}", CAUSE)
