"""Require word_count of reviews

Revision ID: {+3}_require_word_count
Revises: {+2}_fill_word_count

Third of three, when every running program writes the column. The CHECK is taken without a look at the rows and
validated while others write; SET NOT NULL then believes it and does not read the table under its lock.
"""

from __future__ import annotations

from alembic import op

revision: str = "{+3}_require_word_count"
down_revision: str | None = "{+2}_fill_word_count"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_check_constraint("word_count_given", "reviews", "word_count IS NOT NULL", postgresql_not_valid=True)
        # Reviews that came in between the second revision and this one:
        op.execute(r"""
            UPDATE reviews SET word_count = cardinality(regexp_split_to_array(btrim(body), '\s+'))
            WHERE word_count IS NULL
        """)
        op.execute("ALTER TABLE reviews VALIDATE CONSTRAINT ck_reviews_word_count_given")
    op.alter_column("reviews", "word_count", nullable=False)
    op.drop_constraint("word_count_given", "reviews", type_="check")


def downgrade() -> None:
    op.alter_column("reviews", "word_count", nullable=True)
