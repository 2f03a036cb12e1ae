"""Find products by a feature

Revision ID: draft_products_with
Revises: {head}
"""

from alembic import op

revision = "draft_products_with"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("SET LOCAL search_path = public, ag_catalog")
    op.execute("""
        CREATE FUNCTION products_with(feature text) RETURNS TABLE (id integer, name text) LANGUAGE plpgsql STABLE AS $$
        DECLARE
            asked agtype := agtype_build_map('feature', feature);
        BEGIN
            RETURN QUERY
            SELECT found.id::integer, found.name::text FROM cypher('shop_graph', $cypher$
                MATCH (p\\:Product)-[h\\:HAS_FEATURE]->(f\\:Feature) WHERE f.name = $feature
                RETURN p.id, p.name ORDER BY p.id
            $cypher$, asked) AS found (id agtype, name agtype);
        END $$
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION products_with(text)")
