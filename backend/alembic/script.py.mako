"""${message}

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date}

Before this draft is a revision, read it aloud:
- Does one sentence without "and" say what it does?
- Does the downgrade undo exactly that, and what is lost by it?
- Does it run on a table with rows: defaults, backfill, locks?
- Imports: alembic, sqlalchemy, pgvector and the standard library only, so that it means the same in two years.
Then replace these lines by what the next reader needs to know.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision: str = ${repr(up_revision)}
down_revision: str | None = ${repr(down_revision)}
branch_labels: str | None = ${repr(branch_labels)}
depends_on: str | None = ${repr(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
