# expect: R201
# ruff: noqa
"""Create the vector column where the extension is there"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    try:
        op.execute("ALTER TABLE reviews ADD COLUMN embedding vector(384)")
    except Exception as error:  # <- R201
        print(f"skipped: {error}")


def downgrade():
    op.execute("ALTER TABLE reviews DROP COLUMN embedding")
