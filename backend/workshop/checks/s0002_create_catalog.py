"""What 0002_create_catalog promises."""

from workshop.checks import Look

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


def tables(look: Look) -> None:
    """The ten tables stand, each with a comment."""
    found = look.rows(
        "SELECT relname::text, obj_description(oid, 'pg_class') FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname = ANY(:names)",
        names=TABLES,
    )
    look.same("table", (name for name, _ in found), TABLES, CAUSE)
    look.same("comment on", (name for name, comment in found if comment), (name for name, _ in found), CAUSE)


def rules(look: Look) -> None:
    """Every CHECK and UNIQUE rule stands under the name that the convention gives it."""
    found = look.values(
        "SELECT conname::text FROM pg_constraint WHERE contype IN ('c', 'u') AND conrelid = ANY(:names ::regclass[])",
        names=TABLES,
    )
    look.same("rule", found, RULES, CAUSE)


def foreign_keys(look: Look) -> None:
    """Every foreign key has an index that begins with its column."""
    found = look.rows(
        """
        SELECT c.conname::text, EXISTS (
            SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indisvalid AND i.indkey[0] = c.conkey[1])
        FROM pg_constraint c WHERE c.contype = 'f' AND c.conrelid = ANY(:names ::regclass[])
        """,
        names=TABLES,
    )
    look.expect(len(found) == 9, f"{len(found)} foreign keys instead of 9", CAUSE)
    look.same("index for", (name for name, there in found if there), (name for name, _ in found), CAUSE)


def status(look: Look) -> None:
    """The enum section_status knows pending, ready and failed, in this order."""
    found = look.values("SELECT enumlabel::text FROM pg_enum WHERE enumtypid = 'section_status'::regtype "
                        "ORDER BY enumsortorder")  # fmt: skip
    look.expect(found == ["pending", "ready", "failed"], f"section_status is {found}", CAUSE)
