"""0002_create_catalog: ten tables, their rules, and nothing left of them."""

import pytest
import sqlalchemy as sa


def test_rows_that_exist_stay(revision):
    revision.run("INSERT INTO sample (name) VALUES ('was here before')")
    seen = revision.up()
    assert (seen.count("table"), seen.count("type"), seen.rows("sample")) == (10, 1, 0)
    assert revision.run("SELECT name FROM sample") == [("was here before",)]


@pytest.mark.parametrize(
    ("rule", "statement"),
    {
        "ck_products_price_positive": "INSERT INTO products (name, brand, category, price, description) VALUES ('n', 'b', 'c', 0, 'd')",
        "uq_products_brand_name": "INSERT INTO products (name, brand, category, price, description) VALUES ('n', 'b', 'c', 2, 'd')",
        "ck_product_images_position_from_one": "INSERT INTO product_images (product_id, path, alt_text, position) VALUES (1, 'p', 'a', 0)",
        "uq_product_images_product_id_position": "INSERT INTO product_images (product_id, path, alt_text) VALUES (1, 'p', 'a'), (1, 'q', 'a')",
        "uq_features_name": "INSERT INTO features (name, description) VALUES ('f', 'd'), ('f', 'e')",
        "ck_variants_price_positive": "INSERT INTO variants (product_id, sku, price) VALUES (1, 's', -1)",
        "ck_variants_stock_not_negative": "INSERT INTO variants (product_id, sku, price, stock) VALUES (1, 's', 1, -1)",
        "uq_variants_sku": "INSERT INTO variants (product_id, sku, price) VALUES (1, 's', 1), (1, 's', 2)",
        "ck_reviews_rating_one_to_five": "INSERT INTO reviews (product_id, rating, body, reviewed_on) VALUES (1, 6, 'b', now())",
        "fk_reviews_product_id_products": "INSERT INTO reviews (product_id, rating, body, reviewed_on) VALUES (2, 5, 'b', now())",
        "fk_reviews_user_id_users": "INSERT INTO reviews (product_id, user_id, rating, body, reviewed_on) VALUES (1, gen_random_uuid(), 5, 'b', now())",
        "uq_users_email": "INSERT INTO users (email, hashed_password) VALUES ('e', '!'), ('e', '!')",
        "section_status": "INSERT INTO personalized_product_sections (user_id, product_id, status) SELECT id, 1, 'done' FROM users",
        "pk_import_refusals": "INSERT INTO import_refusals (file, line, raw, reason) VALUES ('f', 1, '', ''), ('f', 1, '', '')",
    }.items(),
)
def test_every_rule_refuses_by_its_name(revision, rule, statement):
    revision.up()
    revision.run("INSERT INTO products (name, brand, category, price, description) VALUES ('n', 'b', 'c', 1, 'd')")
    revision.run("INSERT INTO users (email, hashed_password) VALUES ('a@example.com', '!')")
    with pytest.raises(sa.exc.DBAPIError, match=rule):
        revision.run(statement)


def test_every_foreign_key_has_an_index(revision):
    revision.up()
    bare = revision.run("""
        SELECT c.conname FROM pg_constraint c WHERE c.contype = 'f' AND NOT EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])
    """)
    assert bare == []


def test_downgrade_leaves_no_trace_even_with_rows(revision):
    revision.up()
    revision.run("INSERT INTO features (name, description) VALUES ('f', 'd')")
    revision.down()
    assert revision.leaves_no_trace()
