"""Seed the catalog

Revision ID: 0003_seed_catalog
Revises: 0002_create_catalog

Loads the old shop's export, one CSV a table, and cleans it on the way in: COPY brings every field as text into a
staging table, and SQL over whole columns mends what can be mended and refuses what cannot. A refused row is kept in
import_refusals with its file, line, raw text and the rule it broke.

The downgrade takes out the rows that came from the files, by key, with the changes made to them since. It refuses,
and names them, when rows that did not come from the files depend on them. The CSVs are part of this revision: what
they say must not change once it was applied somewhere.
"""

from __future__ import annotations

from alembic import op

revision: str = "0003_seed_catalog"
down_revision: str | None = "0002_create_catalog"
branch_labels: str | None = None
depends_on: str | None = None

# How a field is mended. The functions live in pg_temp, so they end with the session and leave no trace. Most texts are
# clean, and a regular expression costs more than a look: the ones that mend run only where there is something to mend.
CLEANERS = r"""
CREATE OR REPLACE FUNCTION pg_temp.is_clean(text) RETURNS boolean LANGUAGE sql IMMUTABLE
RETURN strpos($1, '&') = 0 AND strpos($1, '<') = 0 AND strpos($1, '  ') = 0 AND strpos($1, E'\t') = 0
       AND strpos($1, E'\n') = 0;

CREATE OR REPLACE FUNCTION pg_temp.plain(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN replace(replace(replace(replace(replace(replace($1,
    '&nbsp;', ' '), '&quot;', '"'), '&#39;', ''''), '&lt;', '<'), '&gt;', '>'), '&amp;', '&');

-- tags before entities, so that &lt;5 g stays text; the markup goes, the paragraphs stay
CREATE OR REPLACE FUNCTION pg_temp.without_markup(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN regexp_replace(regexp_replace(regexp_replace(pg_temp.plain(regexp_replace(regexp_replace($1,
    '</p>|<br ?/?>|</li>|</ul>', E'\n', 'gi'), '</?[a-z][^>]*>', '', 'gi')),
    '[ \t\u00a0]+', ' ', 'g'), ' ?\n ?', E'\n', 'g'), '\n{2,}', E'\n', 'g');

-- one line: entities read, spaces folded; '' and the old shop's words for nothing become null
CREATE OR REPLACE FUNCTION pg_temp.tidy(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN nullif(nullif(nullif(btrim(CASE WHEN pg_temp.is_clean($1) THEN $1
    ELSE regexp_replace(pg_temp.plain($1), '\s+', ' ', 'g') END), ''), 'NULL'), 'None');

-- several lines
CREATE OR REPLACE FUNCTION pg_temp.prose(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN nullif(nullif(nullif(btrim(CASE WHEN pg_temp.is_clean($1) THEN $1
    ELSE pg_temp.without_markup($1) END, E' \n'), ''), 'NULL'), 'None');

-- 1299,00 and 1.299,00 are 1299.00
CREATE OR REPLACE FUNCTION pg_temp.amount(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN $1 ~ ',\d{1,2}\s*$' THEN replace(replace(btrim($1), '.', ''), ',', '.') ELSE btrim($1) END;

-- 31.12.2025 is 2025-12-31; any other form is left for no_day() to refuse: nobody can tell 3/4 from 4/3
CREATE OR REPLACE FUNCTION pg_temp.day(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE WHEN strpos($1, '.') = 0 THEN pg_temp.tidy($1)
    ELSE regexp_replace(pg_temp.tidy($1), '^(\d{1,2})\.(\d{1,2})\.(\d{4})$', '\3-\2-\1') END;

CREATE OR REPLACE FUNCTION pg_temp.no_day(text) RETURNS boolean LANGUAGE sql STABLE
RETURN CASE WHEN $1 ~ '^\d{4}-\d{2}-\d{2}$' THEN NOT pg_input_is_valid($1, 'date')
    ELSE pg_temp.day($1) !~ '^\d{4}-\d{1,2}-\d{1,2}$' OR NOT pg_input_is_valid(pg_temp.day($1), 'date') END;

-- "['a', 'b']", a list as Python prints it, is {a,b}
CREATE OR REPLACE FUNCTION pg_temp.list(text) RETURNS text[] LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT coalesce(found[1], found[2])
             FROM regexp_matches($1, '''([^'']*)''|"([^"]*)"', 'g') WITH ORDINALITY AS m(found, n) ORDER BY n);

-- one spelling for each of the six categories
CREATE OR REPLACE FUNCTION pg_temp.category(text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN CASE rtrim(regexp_replace(lower($1), '[^a-z]', '', 'g'), 's')
    WHEN 'headphone' THEN 'Headphones' WHEN 'smartwatche' THEN 'Smartwatches' WHEN 'smartwatch' THEN 'Smartwatches'
    WHEN 'portablespeaker' THEN 'Portable speakers' WHEN 'actioncamera' THEN 'Action cameras'
    WHEN 'actioncam' THEN 'Action cameras' WHEN 'tablet' THEN 'Tablets' WHEN 'keyboard' THEN 'Keyboards' END;
"""


def number(column: str) -> dict[str, str]:
    return {f"{column} is not a whole number": f"NOT pg_input_is_valid(coalesce({column}, ''), 'integer')"}


def amount(column: str) -> dict[str, str]:
    """Two rules in this order: the second may cast, because the first has sorted out what cannot be cast."""
    value = f"pg_temp.amount(coalesce({column}, ''))"
    return {
        f"{column} is not an amount": f"NOT pg_input_is_valid({value}, 'numeric(10,2)')",
        f"{column} is not above zero": f"NOT {value}::numeric BETWEEN 0.01 AND 99999999",
    }


def present(*columns: str) -> dict[str, str]:
    return {f"{column} is empty": f"pg_temp.tidy({column}) IS NULL" for column in columns}


def user_key(column: str) -> str:
    """The old shop counted its users; ours have a UUID, always the same for the same number."""
    return f"md5('agenticshop user ' || {column}::integer)::uuid"


USERS = {
    "file": "users.csv", "table": "users", "key": "id",
    "fields": "id email first_name last_name is_active is_verified profile",
    "refuse": number("id") | {
        "email is not an address": "coalesce(pg_temp.tidy(email), '') !~ '^[^@ ]+@[^@ ]+[.][a-z]+$'",
    },
    "columns": {
        "id": user_key("id"), "email": "lower(pg_temp.tidy(email))", "hashed_password": "'!'",
        "first_name": "pg_temp.tidy(first_name)", "last_name": "pg_temp.tidy(last_name)",
        "is_active": "coalesce(lower(pg_temp.tidy(is_active)) IN ('1', 'true', 'yes'), false)",
        "is_verified": "coalesce(lower(pg_temp.tidy(is_verified)) IN ('1', 'true', 'yes'), false)",
        "profile": "pg_temp.tidy(profile)",
    },
}  # fmt: skip

PRODUCTS = {
    "file": "products.csv", "table": "products", "key": "id",
    "fields": "id brand name category price description specifications in_the_box released_on",
    "refuse": number("id") | present("brand", "name", "description") | amount("price") | {
        "category is unknown": "pg_temp.category(category) IS NULL",
        "specifications are not a JSON object":
            "CASE WHEN pg_input_is_valid(coalesce(specifications, ''), 'jsonb')"
            " THEN jsonb_typeof(specifications::jsonb) <> 'object' ELSE true END",
        "released_on is not a date": "pg_temp.no_day(released_on)",
    },
    "columns": {
        "id": "id::integer", "brand": "pg_temp.tidy(brand)", "name": "pg_temp.tidy(name)",
        "category": "pg_temp.category(category)", "price": "pg_temp.amount(price)::numeric",
        "description": "pg_temp.prose(description)", "specifications": "specifications::jsonb",
        "in_the_box": "pg_temp.list(in_the_box)", "released_on": "pg_temp.day(released_on)::date",
    },
}  # fmt: skip

IMAGES = {
    "file": "product_images.csv", "table": "product_images", "key": "id",
    "fields": "id product_id path alt_text position",
    "refuse": number("id") | number("product_id") | present("path", "alt_text") | number("position"),
    "columns": {
        "id": "id::integer", "product_id": "product_id::integer", "path": "pg_temp.tidy(path)",
        "alt_text": "pg_temp.tidy(alt_text)", "position": "position::smallint",
    },
    "references": {"product_id": "products.id"},
}  # fmt: skip

FEATURES = {
    "file": "features.csv", "table": "features", "key": "id", "fields": "id name description",
    "refuse": number("id") | present("name", "description"),
    "columns": {"id": "id::integer", "name": "pg_temp.tidy(name)", "description": "pg_temp.tidy(description)"},
}  # fmt: skip

PRODUCT_FEATURES = {
    "file": "product_features.csv", "table": "product_features", "key": "product_id feature_id",
    "fields": "product_id feature_id",
    "refuse": number("product_id") | number("feature_id"),
    "columns": {"product_id": "product_id::integer", "feature_id": "feature_id::integer"},
    "references": {"product_id": "products.id", "feature_id": "features.id"},
}  # fmt: skip

VARIANTS = {
    "file": "variants.csv", "table": "variants", "key": "id", "fields": "id product_id sku price stock",
    "refuse": number("id") | number("product_id") | present("sku") | amount("price") | number("stock")
        | {"stock is below zero": "stock::integer < 0"},
    "columns": {
        "id": "id::integer", "product_id": "product_id::integer", "sku": "upper(pg_temp.tidy(sku))",
        "price": "pg_temp.amount(price)::numeric", "stock": "stock::integer",
    },
    "references": {"product_id": "products.id"},
}  # fmt: skip

VARIANT_ATTRIBUTES = {
    "file": "variant_attributes.csv", "table": "variant_attributes", "key": "id",
    "fields": "id variant_id name value",
    "refuse": number("id") | number("variant_id") | present("name", "value"),
    "columns": {
        "id": "id::integer", "variant_id": "variant_id::integer",
        "name": "initcap(pg_temp.tidy(name))", "value": "pg_temp.tidy(value)",
    },
    "references": {"variant_id": "variants.id"},
}  # fmt: skip

REVIEWS = {
    "file": "reviews.csv", "table": "reviews", "key": "id",
    "fields": "id product_id user_id author rating title body reviewed_on",
    "refuse": number("id") | number("product_id") | {
        "user_id is not a whole number": "NOT pg_input_is_valid(coalesce(pg_temp.tidy(user_id), '0'), 'integer')",
        "rating is not 1 to 5": "coalesce(btrim(rating), '') NOT IN ('1', '2', '3', '4', '5')",
        "body is empty": "pg_temp.prose(body) IS NULL",
        "reviewed_on is not a date": "coalesce(pg_temp.no_day(reviewed_on), true)",
    },
    "columns": {
        "id": "id::integer", "product_id": "product_id::integer",
        "user_id": user_key("pg_temp.tidy(user_id)"), "author": "pg_temp.tidy(author)",
        "rating": "rating::smallint", "title": "pg_temp.tidy(title)", "body": "pg_temp.prose(body)",
        "reviewed_on": "pg_temp.day(reviewed_on)::date",
    },
    "references": {"product_id": "products.id", "user_id": "users.id"},
}  # fmt: skip

SECTIONS = {
    "file": "personalized_product_sections.csv", "table": "personalized_product_sections", "key": "id",
    "fields": "id user_id product_id status content",
    "refuse": number("id") | number("user_id") | number("product_id") | {
        "status is unknown": "NOT pg_input_is_valid(coalesce(lower(pg_temp.tidy(status)), ''), 'section_status')",
        "content is empty though ready": "lower(pg_temp.tidy(status)) = 'ready' AND pg_temp.prose(content) IS NULL",
    },
    "columns": {
        "id": "id::integer", "user_id": user_key("user_id"), "product_id": "product_id::integer",
        "status": "lower(pg_temp.tidy(status))::section_status", "content": "pg_temp.prose(content)",
    },
    "references": {"user_id": "users.id", "product_id": "products.id"},
}  # fmt: skip

# The order in which the tables point to each other.
EXPORT = [USERS, PRODUCTS, IMAGES, FEATURES, PRODUCT_FEATURES, VARIANTS, VARIANT_ATTRIBUTES, REVIEWS, SECTIONS]


def upgrade() -> None:
    op.execute(CLEANERS)
    for load in EXPORT:
        op.copy_csv(**load)


def downgrade() -> None:
    for load in reversed(EXPORT):
        op.remove_csv(**{name: load[name] for name in ("file", "table", "fields", "columns", "key")})
