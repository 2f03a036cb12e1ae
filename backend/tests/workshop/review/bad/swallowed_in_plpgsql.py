# expect: R201
# ruff: noqa
"""Create the type of a mood"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("""
        DO $$
        BEGIN
            CREATE TYPE mood AS ENUM ('good', 'bad');
        EXCEPTION
            WHEN duplicate_object THEN NULL; -- # <- R201
        END $$
    """)


def downgrade():
    op.execute("DROP TYPE mood")
