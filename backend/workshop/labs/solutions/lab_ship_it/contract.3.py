"""Drop stock of variants

Revision ID: {+4}_drop_stock
Revises: {+3}_require_pieces

Contract: no program that is still running reads or writes stock, and nothing is lost, since pieces has its numbers.
Validating reads the table while others write. SET NOT NULL then believes the rule, and reads nothing under its lock.
The downgrade brings stock back with the numbers of that moment, and the trigger that keeps the two the same.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "{+4}_drop_stock"
down_revision: str | None = "{+3}_require_pieces"
branch_labels: str | None = None
depends_on: str | None = None

SAME = """
    CREATE FUNCTION stock_is_pieces() RETURNS trigger LANGUAGE plpgsql AS $same$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            NEW.pieces := coalesce(NEW.pieces, NEW.stock);
            NEW.stock := NEW.pieces;
        ELSIF NEW.pieces IS DISTINCT FROM OLD.pieces THEN
            NEW.stock := NEW.pieces;
        ELSE
            NEW.pieces := NEW.stock;
        END IF;
        RETURN NEW;
    END
    $same$
"""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_not_negative")
        op.execute("ALTER TABLE variants VALIDATE CONSTRAINT ck_variants_pieces_given")
    op.alter_column("variants", "pieces", nullable=False, server_default=sa.text("0"))
    op.drop_constraint("pieces_given", "variants", type_="check")
    op.execute("DROP TRIGGER stock_is_pieces ON variants")
    op.execute("DROP FUNCTION stock_is_pieces()")
    op.drop_column("variants", "stock")


def downgrade() -> None:
    zero = sa.text("0")
    op.add_column(
        "variants",
        sa.Column("stock", sa.Integer, server_default=zero, nullable=False, comment="Pieces in the warehouse"),
    )
    op.execute("UPDATE variants SET stock = pieces")
    op.create_check_constraint("stock_not_negative", "variants", "stock >= 0")
    op.alter_column("variants", "pieces", nullable=True, server_default=None)
    op.create_check_constraint("pieces_given", "variants", "pieces IS NOT NULL", postgresql_not_valid=True)
    op.execute(SAME)
    op.execute("""
        CREATE TRIGGER stock_is_pieces BEFORE INSERT OR UPDATE ON variants
        FOR EACH ROW EXECUTE FUNCTION stock_is_pieces()
    """)
