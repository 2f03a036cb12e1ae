"""Seed the documents

Revision ID: 0009_seed_documents
Revises: 0008_create_documents

Every Markdown file in data/documents becomes a document, and every section of it a chunk below the path of its
headings. No section is longer than 1,000 characters; one that were would be cut between paragraphs.

The downgrade takes out the documents of the folder, by file name, with the changes made to them since, whether
somebody has hidden them or not. It refuses, and names them, when rows of other origin depend on them: a document that
one of them supersedes, a chunk or a product that was added to one. A document of somebody's own stays. The files are
part of this revision: what they say must not change once it was applied somewhere.
"""

from __future__ import annotations

from alembic import op

revision: str = "0009_seed_documents"
down_revision: str | None = "0008_create_documents"
branch_labels: str | None = None
depends_on: str | None = None

# Characters of a chunk. A model that reads 256 tokens reads about this much of an English text.
LONGEST = 1000


def upgrade() -> None:
    op.copy_documents("documents", longest=LONGEST)


def downgrade() -> None:
    op.remove_documents("documents", longest=LONGEST)
