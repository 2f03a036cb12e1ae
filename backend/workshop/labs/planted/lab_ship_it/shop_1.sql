-- add
INSERT INTO variants (product_id, sku, price, stock) VALUES (1, :sku, 9.90, :pieces) RETURNING stock;
-- move
UPDATE variants SET stock = stock + :pieces WHERE sku = :sku RETURNING stock;
-- show
SELECT stock FROM variants WHERE sku = :sku;
