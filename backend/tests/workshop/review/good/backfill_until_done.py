"""Fill reviews.language where it is missing

Revision ID: 7c3e20
Revises: 6b2d1f
"""

import sqlalchemy as sa
from alembic import op

revision = "7c3e20"
down_revision = "6b2d1f"

reviews = sa.table("reviews", sa.column("id", sa.Integer), sa.column("language", sa.String))


def upgrade():
    connection = op.get_bind()
    while True:
        todo = sa.select(reviews.c.id).where(reviews.c.language.is_(None)).limit(5000)
        done = connection.execute(reviews.update().where(reviews.c.id.in_(todo)).values(language="en"))
        if done.rowcount == 0:
            break


def downgrade():
    op.execute(reviews.update().values(language=None))
