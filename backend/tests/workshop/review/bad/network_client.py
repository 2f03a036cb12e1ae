# expect: R203
# ruff: noqa
"""Describe the products anew"""

import sqlalchemy as sa
from alembic import op
from openai import OpenAI

revision = "a1"
down_revision = "a0"


def upgrade():
    client = OpenAI()  # <- R203
    answer = client.responses.create(model="any", input="Describe a shop.").output_text
    op.execute(sa.text("UPDATE settings SET about = :about").bindparams(about=answer))


def downgrade():
    op.execute("UPDATE settings SET about = NULL")
