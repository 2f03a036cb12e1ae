"""Give every table its comment

Revision ID: 04c1ba
Revises: f3b0a9

Comments only; the columns (password, name) keep theirs.
"""

import sqlalchemy as sa
from alembic import op

revision = "04c1ba"
down_revision = "f3b0a9"

SCRIPT = """
    COMMENT ON TABLE users IS 'Registered shoppers';
    COMMENT ON TABLE reviews IS 'What people say; stars and words';
"""
KEPT = {"password": "hashed_password", "mail": "email"}
IDS = [3, 4]


def upgrade():
    for statement in SCRIPT.split(";\n"):
        if statement.strip():
            op.execute(statement)
    for old, new in KEPT.items():
        op.execute(sa.text("UPDATE column_names SET name = :new WHERE name = :old").bindparams(old=old, new=new))
    op.execute(f"UPDATE column_names SET shown = true WHERE id IN ({', '.join(map(str, IDS))})")


def downgrade():
    op.execute("UPDATE column_names SET shown = false")
    op.execute("COMMENT ON TABLE users IS NULL; COMMENT ON TABLE reviews IS NULL")
