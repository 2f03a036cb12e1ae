"""What 0002_create_catalog promises."""

from workshop.checks import Look
from workshop.checks.schema import commented_tables, indexed_foreign_keys, named_rules

CAUSE = "0002 was not applied as it stands in the repository, or somebody changed the schema by hand"

TABLES = """
    import_refusals features personalized_product_sections product_features product_images products reviews users
    variant_attributes variants
""".split()

RULES = """
    ck_product_images_position_from_one ck_products_price_positive ck_reviews_rating_one_to_five
    ck_variants_price_positive ck_variants_stock_not_negative uq_features_name
    uq_personalized_product_sections_user_id_product_id uq_product_images_product_id_position uq_products_brand_name
    uq_users_email uq_variant_attributes_variant_id_name uq_variants_sku
""".split()
KEYS = """
    fk_personalized_product_sections_product_id_products fk_personalized_product_sections_user_id_users
    fk_product_features_feature_id_features fk_product_features_product_id_products
    fk_product_images_product_id_products fk_reviews_product_id_products fk_reviews_user_id_users
    fk_variant_attributes_variant_id_variants fk_variants_product_id_products
""".split()


def tables(look: Look) -> None:
    """The ten tables stand, each with a comment."""
    commented_tables(look, TABLES, CAUSE)


def rules(look: Look) -> None:
    """Every CHECK and UNIQUE rule stands under the name that the convention gives it."""
    named_rules(look, TABLES, RULES, CAUSE)


def foreign_keys(look: Look) -> None:
    """Every foreign key has an index that begins with its column."""
    indexed_foreign_keys(look, KEYS, CAUSE)


def status(look: Look) -> None:
    """The enum section_status knows pending, ready and failed, in this order."""
    found = look.values("SELECT enumlabel::text FROM pg_enum WHERE enumtypid = 'section_status'::regtype "
                        "ORDER BY enumsortorder")  # fmt: skip
    look.expect(found == ["pending", "ready", "failed"], f"section_status is {found}", CAUSE)
