-- Each sequence goes to the highest number in use; the next INSERT gets the one after it.
SELECT setval(pg_get_serial_sequence('stores', 'id'), (SELECT max(id) FROM stores));
SELECT setval(pg_get_serial_sequence('stores', 'till'), (SELECT max(till) FROM stores));
