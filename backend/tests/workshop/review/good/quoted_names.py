"""Let the reporting role read the catalog

Revision ID: ae6b54
Revises: 9d5a42
"""

from alembic import op
from psycopg import sql

revision = "ae6b54"
down_revision = "9d5a42"


def upgrade():
    grant("GRANT SELECT ON {} TO reporting")


def downgrade():
    grant("REVOKE SELECT ON {} FROM reporting")


def grant(statement):
    connection = op.get_bind()
    quote = connection.dialect.identifier_preparer.quote
    for (table,) in connection.exec_driver_sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").all():
        op.execute(statement.format(quote(table)))
    with connection.connection.cursor() as cursor:
        cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO reporting").format(sql.Identifier("public")))
