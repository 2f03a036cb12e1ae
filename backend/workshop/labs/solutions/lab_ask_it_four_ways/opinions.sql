CREATE FUNCTION public.opinions(parameters ag_catalog.agtype)
RETURNS TABLE (feature_id integer, praised bigint, cursed bigint)
LANGUAGE sql STABLE
SET search_path = public, ag_catalog
AS $body$
    SELECT CAST(feature AS integer),
           count(*) FILTER (WHERE CAST(sentiment AS text) = 'positive'),
           count(*) FILTER (WHERE CAST(sentiment AS text) = 'negative')
    FROM cypher('shop_graph', $cypher$
        MATCH (p:Product {id: $product})-[:HAS_REVIEW]->(:Review)-[m:MENTIONS]->(f:Feature)
        RETURN f.id, m.sentiment
    $cypher$, $1) AS (feature agtype, sentiment agtype)
    GROUP BY feature
$body$
