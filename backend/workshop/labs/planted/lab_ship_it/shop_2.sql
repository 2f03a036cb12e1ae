-- add
INSERT INTO variants (product_id, sku, price, pieces) VALUES (1, :sku, 9.90, :pieces) RETURNING pieces;
-- move
UPDATE variants SET pieces = pieces + :pieces WHERE sku = :sku RETURNING pieces;
-- show
SELECT pieces FROM variants WHERE sku = :sku;
