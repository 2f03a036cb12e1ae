"""op.copy_documents: a folder of Markdown into documents and chunks, cut by heading; op.remove_documents: out again.

    op.copy_documents("documents", longest=1000)    # every data/documents/*.md
    op.remove_documents("documents", longest=1000)

Both read the folder (document_file.py), COPY what they read into two temporary tables, and do the rest in SQL over
whole tables: documents, what supersedes what, which products a document is about, chunks. A chunk has at most
`longest` characters. The file's name is the key of a document.

What is put in takes the numbers after the highest; a run that failed gives them back. op.remove_documents deletes the
documents of the folder by name, with all changes made to them since, soft-deleted or not. It refuses, and names them,
when rows of other origin depend on them. Both write the same statements in `--sql` mode.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Any

from alembic.operations import MigrateOperation, Operations

from shop.operations.document_file import read_folder
from shop.operations.seed import data_path, move_sequences_on

log = logging.getLogger("alembic.operations.copy_documents")


@Operations.register_operation("copy_documents")
class CopyDocuments(MigrateOperation):
    """Load data/<folder>/*.md; see the module's text."""

    def __init__(self, folder: str, *, longest: int) -> None:
        self.folder, self.longest = folder, longest

    @classmethod
    def copy_documents(cls, operations: Operations, folder: str, *, longest: int) -> None:
        """Load every Markdown file of a folder of `data` into documents, document_products and chunks.

        Args:
            longest: characters that a chunk may have at most; a longer section is cut between paragraphs.

        Raises:
            DocumentError: the folder is missing or empty, or a file in it cannot be read. A product that a file names
                and the table lacks comes as the driver's error. Nothing was changed.
        """
        operations.invoke(cls(folder, longest=longest))


@Operations.register_operation("remove_documents")
class RemoveDocuments(CopyDocuments):
    """Take out the documents that op.copy_documents put in; those of other origin stay."""

    @classmethod
    def remove_documents(cls, operations: Operations, folder: str, *, longest: int) -> None:
        """Delete the documents that op.copy_documents of the same folder put in, with their chunks and links.

        The driver's error names the rows of other origin that depend on them, if there are some; nothing was changed.
        """
        operations.invoke(cls(folder, longest=longest))


@Operations.implementation_for(CopyDocuments)
def load(operations: Operations, plan: CopyDocuments) -> None:
    """Stage the folder and insert what was staged."""
    documents, chunks = _stage(operations, plan)
    for table in NUMBERED:  # before the first number is drawn: a rollback takes back a RESTART and all that follows it
        move_sequences_on(operations, table)
    for statement in (REQUIRE_PRODUCTS, DOCUMENTS, SUPERSEDED, PRODUCTS, CHUNKS, UNSTAGE):
        operations.execute(statement)
    if not operations.migration_context.as_sql:
        log.info("data/%s: %s documents, %s chunks", plan.folder, documents, chunks)


@Operations.implementation_for(RemoveDocuments)
def unload(operations: Operations, plan: RemoveDocuments) -> None:
    """Stage the folder and delete the documents that were staged; chunks and products' links go with them."""
    _stage(operations, plan)
    for statement in (REFUSE, REMOVE, UNSTAGE):
        operations.execute(statement)
    for table in NUMBERED:
        move_sequences_on(operations, table)


NUMBERED = ("documents", "chunks")

STAGE = """
    CREATE TEMPORARY TABLE staged_documents (
        file text, title text, kind text, effective_from date, superseded_by text, product_ids integer[], body text
    ) ON COMMIT DROP;
    CREATE TEMPORARY TABLE staged_chunks (file text, position integer, heading text, body text) ON COMMIT DROP;
"""
REQUIRE_PRODUCTS = """
    DO $$
    DECLARE
        nowhere text;
    BEGIN
        SELECT string_agg(format('%s is about product %s', file, product_id), '; ' ORDER BY file, product_id)
        INTO nowhere FROM pg_temp.staged_documents CROSS JOIN unnest(product_ids) AS product_id
        WHERE NOT EXISTS (SELECT FROM products WHERE id = product_id);
        IF nowhere IS NOT NULL THEN
            RAISE EXCEPTION '%, which is not in products. Correct product_ids in the front matter; '
                'nothing was changed.', nowhere;
        END IF;
    END $$
"""
DOCUMENTS = """
    INSERT INTO documents (file, title, kind, effective_from, body)
    SELECT file, title, kind, effective_from, body FROM pg_temp.staged_documents ORDER BY file COLLATE "C"
"""
SUPERSEDED = """
    UPDATE documents SET superseded_by_id = newer.id
    FROM pg_temp.staged_documents s JOIN documents newer ON newer.file = s.superseded_by
    WHERE documents.file = s.file
"""
PRODUCTS = """
    INSERT INTO document_products (document_id, product_id)
    SELECT d.id, product_id
    FROM pg_temp.staged_documents s JOIN documents d USING (file) CROSS JOIN unnest(s.product_ids) AS product_id
    ORDER BY d.id, product_id
"""
CHUNKS = """
    INSERT INTO chunks (document_id, position, heading, body)
    SELECT d.id, s.position, s.heading, s.body
    FROM pg_temp.staged_chunks s JOIN documents d USING (file) ORDER BY d.id, s.position
"""
REMOVE = "DELETE FROM documents USING pg_temp.staged_documents s WHERE documents.file = s.file"
UNSTAGE = "DROP TABLE pg_temp.staged_chunks, pg_temp.staged_documents"

# Rows of other origin: what points to a seeded document, and what somebody added to it. A deletion cascades to the
# chunks, so without this look it would take such rows along without a word.
REFUSE = """
    DO $$
    DECLARE
        own text[];
        pointing record;
        found bigint;
    BEGIN
        SELECT array_agg(what ORDER BY what) INTO own FROM (
            SELECT format('the document %s, which %s supersedes', d.file, s.file) AS what
            FROM documents d JOIN documents newer ON newer.id = d.superseded_by_id
            JOIN pg_temp.staged_documents s ON s.file = newer.file
            WHERE d.file NOT IN (SELECT file FROM pg_temp.staged_documents)
            UNION ALL
            SELECT format('chunk %s of %s', c.position, d.file)
            FROM chunks c JOIN documents d ON d.id = c.document_id JOIN pg_temp.staged_documents s USING (file)
            WHERE NOT EXISTS (SELECT FROM pg_temp.staged_chunks t WHERE (t.file, t.position) = (d.file, c.position))
            UNION ALL
            SELECT format('the product %s of %s', p.product_id, d.file)
            FROM document_products p JOIN documents d ON d.id = p.document_id
            JOIN pg_temp.staged_documents s USING (file)
            WHERE p.product_id <> ALL (s.product_ids)
        ) AS rows_of_others;
        FOR pointing IN
            SELECT f.conrelid::regclass AS child, f.confrelid::regclass AS parent, a.attname AS name
            FROM pg_constraint f
            JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
            JOIN pg_attribute i ON i.attrelid = f.confrelid AND i.attnum = f.confkey[1] AND i.attname = 'id'
            WHERE f.contype = 'f' AND cardinality(f.conkey) = 1
              AND f.confrelid IN ('documents'::regclass, 'chunks'::regclass)
              AND f.conrelid NOT IN ('documents'::regclass, 'chunks'::regclass, 'document_products'::regclass)
        LOOP
            EXECUTE format('SELECT count(*) FROM %s WHERE %I IN (SELECT p.id FROM %s p JOIN documents d '
                           'ON d.id = p.%I JOIN pg_temp.staged_documents s ON s.file = d.file)',
                           pointing.child, pointing.name, pointing.parent,
                           CASE pointing.parent WHEN 'chunks'::regclass THEN 'document_id' ELSE 'id' END) INTO found;
            IF found > 0 THEN
                own := own || format('%s row(s) of %s, by %s', found, pointing.child, pointing.name);
            END IF;
        END LOOP;
        IF own IS NOT NULL THEN
            RAISE EXCEPTION 'Rows that the seed did not put in depend on it: %. Delete them or point them elsewhere, '
                'then run the downgrade again; nothing was changed.',
                array_to_string(own[1:5], '; ') || CASE WHEN cardinality(own) > 5 THEN '; ...' ELSE '' END;
        END IF;
    END $$
"""


def _stage(operations: Operations, plan: CopyDocuments) -> tuple[int, int]:
    """Read the folder, COPY it into pg_temp.staged_documents and staged_chunks; return how many there are of each."""
    read = read_folder(data_path(plan.folder), plan.longest)
    documents = [(*one[:5], "{" + ",".join(map(str, one.product_ids)) + "}", one.body) for one in read]
    chunks = [
        (document.file, position, chunk.heading, chunk.body)
        for document in read
        for position, chunk in enumerate(document.chunks, start=1)
    ]
    operations.execute(STAGE)
    _copy(operations, "COPY pg_temp.staged_documents FROM STDIN", documents)
    _copy(operations, "COPY pg_temp.staged_chunks FROM STDIN", chunks)
    return len(documents), len(chunks)


def _copy(operations: Operations, copy: str, rows: Iterable[tuple[Any, ...]]) -> None:
    if operations.migration_context.as_sql:  # psql reads the rows from the script itself
        operations.migration_context.impl.static_output(f"{copy};\n{''.join(_lines(rows))}\\.")
        return
    connection = operations.get_bind()
    with connection.connection.cursor() as cursor, cursor.copy(copy) as stream:  # type: ignore[attr-defined]
        for line in _lines(rows):
            stream.write(line)


# What COPY's text format writes differently. A row is one line, whatever is in it, so nothing can end the data early.
ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _lines(rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    for row in rows:
        yield "\t".join("\\N" if value is None else str(value).translate(ESCAPED) for value in row) + "\n"
