# expect: R102
# ruff: noqa
"""Stamp each change of a variant"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ -- # <- R102
        BEGIN new.changed_at := now(); RETURN new; END $$
    """)
    op.execute("CREATE TRIGGER stamp_variant BEFORE UPDATE ON variants FOR EACH ROW EXECUTE FUNCTION stamp()")


def downgrade():
    op.execute("DROP TRIGGER stamp_variant ON variants")
