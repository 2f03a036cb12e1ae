# expect: R307
# ruff: noqa
"""Create the wishes"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        CREATE TABLE wishes (
            id integer GENERATED ALWAYS AS IDENTITY,
            text text NOT NULL,  -- # <- R307
        )
    """)


def downgrade():
    op.execute("DROP TABLE wishes")
