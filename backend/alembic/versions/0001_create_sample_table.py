"""Create a sample table

Revision ID: 0001_create_sample_table
Revises:

The smallest revision there is: one table up, one table down. It is written in plain SQL, because nothing
stands between you and the database then; the next revision says the same kind of thing in Python.

The downgrade drops the table with its rows.
"""

from __future__ import annotations

from alembic import op

revision: str = "0001_create_sample_table"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE sample (
            id integer GENERATED ALWAYS AS IDENTITY,
            name varchar(50) NOT NULL,
            created_at timestamp with time zone NOT NULL DEFAULT now(),
            CONSTRAINT pk_sample PRIMARY KEY (id)
        )
    """)
    op.execute("COMMENT ON TABLE sample IS 'The smallest table: made by the first revision, used by nobody'")
    op.execute("COMMENT ON COLUMN sample.created_at IS 'When the row was inserted'")


def downgrade() -> None:
    op.execute("DROP TABLE sample")
