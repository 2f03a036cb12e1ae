# expect: R202
# ruff: noqa
"""Seed the categories, as a dump wrote them"""

from alembic import op

revision = "a1"
down_revision = "a0"


def upgrade():
    op.execute("INSERT INTO categories (name) VALUES ('Headphones')")  # <- R202
    op.execute("INSERT INTO categories (name) VALUES ('Earbuds')")
    op.execute("INSERT INTO categories (name) VALUES ('Watches')")
    op.execute("INSERT INTO categories (name) VALUES ('Tablets')")
    op.execute("INSERT INTO categories (name) VALUES ('Keyboards')")
    op.execute("INSERT INTO categories (name) VALUES ('Mice')")
    op.execute("INSERT INTO categories (name) VALUES ('Cameras')")
    op.execute("INSERT INTO categories (name) VALUES ('Lenses')")
    op.execute("INSERT INTO categories (name) VALUES ('Speakers')")
    op.execute("INSERT INTO categories (name) VALUES ('Cables')")
    op.execute("INSERT INTO categories (name) VALUES ('Bags')")


def downgrade():
    op.execute("DELETE FROM categories")
