"""Keep variants.updated_at

Revision ID: f3b0a8
Revises: e2af97

A function with its own search_path, and the trigger that calls it.
"""

from alembic import op

revision = "f3b0a8"
down_revision = "e2af97"

TOUCH = """
    CREATE FUNCTION touch_variant() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $touch$
    BEGIN
        new.updated_at := clock_timestamp();  -- not now(): that is when the transaction began
        RETURN new;
    EXCEPTION WHEN others THEN
        RAISE EXCEPTION 'variant % cannot be stamped', new.id;
    END
    $touch$
"""


def upgrade():
    op.execute("ALTER TABLE variants ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now()")
    op.execute(TOUCH)
    op.execute("""
        CREATE TRIGGER variants_touch BEFORE UPDATE ON variants
        FOR EACH ROW EXECUTE FUNCTION touch_variant()
    """)


def downgrade():
    op.execute("DROP TRIGGER variants_touch ON variants")
    op.execute("DROP FUNCTION touch_variant()")
    op.execute("ALTER TABLE variants DROP COLUMN updated_at")
