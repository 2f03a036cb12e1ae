"""Add pieces to variants, which stock will be called

Revision ID: {+1}_add_pieces
Revises: {head}

Expand: from now on each row has the number under both names, whichever program writes it. The trigger looks at what
changed, since the old program does not know the new name, and the new one does not write the old name. The downgrade
loses nothing: stock has the same numbers.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision: str = "{+1}_add_pieces"
down_revision: str | None = "{head}"
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
    op.add_column("variants", sa.Column("pieces", sa.Integer, comment="Pieces in the warehouse; was stock"))
    op.execute(SAME)
    op.execute("""
        CREATE TRIGGER stock_is_pieces BEFORE INSERT OR UPDATE ON variants
        FOR EACH ROW EXECUTE FUNCTION stock_is_pieces()
    """)


def downgrade() -> None:
    op.execute("DROP TRIGGER stock_is_pieces ON variants")
    op.execute("DROP FUNCTION stock_is_pieces()")
    op.drop_column("variants", "pieces")
