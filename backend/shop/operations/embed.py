"""op.embed: a vector for every text of a query, in a table of its own.

    op.embed(
        "review_embeddings",
        key="review_id",
        source="SELECT id AS review_id, body AS text, md5(body) AS text_md5 FROM reviews",
        keep="text_md5",
    )

`source` gives a row for each text: the key, the `text`, and what else is to be kept beside the vector. The table has
the columns of `key` and `keep`, and `embedding`, provider, model, dimension (how many numbers) and computed_at (with
a default of now()). Rows whose key is in the table already are left alone; so are texts that are null or blank.

A text of two parts can have a vector of two parts. `texts` names the columns, and their vectors stand one after the
other, brought to length 1 as a whole:

    op.embed("chunk_embeddings", key="chunk_id", source=..., texts="title text", dimensions=2 * 384)

A row of which one text is null or blank is left out: half a vector would be compared as if it were a whole one.

AI_PROVIDER decides who computes. `local`: batches of texts come here and their vectors go back by COPY. `azure`: one
statement a batch, and nothing leaves the database (shop.ai.in_database). The table is filled in the revision's own
transaction, whole or not at all. What lasts when it fails are the finished vectors, in the local provider's cache or in
the table shop_ai.finished, so the next run computes only the rest.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from alembic.operations import Operations
from pgvector import Vector as Written
from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql import aggregate_order_by

from shop import ai
from shop.ai import in_database
from shop.ai.azure import Azure
from shop.ai.local import Local, Vectors
from shop.operations import batches
from shop.operations.filling import Filling

log = logging.getLogger("alembic.operations.embed")


@Operations.register_operation("embed")
class Embed(Filling):
    """Fill a table with vectors; see the module's text for the arguments."""

    def __init__(
        self, table: str, *, key: str, source: str, texts: str = "text", keep: str = "", dimensions: int = 384
    ) -> None:
        self.table, self.source, self.dimensions = table, source, dimensions
        self.key, self.texts, self.keep = key.split(), texts.split(), keep.split()

    @classmethod
    def embed(
        cls,
        operations: Operations,
        table: str,
        *,
        key: str,
        source: str,
        texts: str = "text",
        keep: str = "",
        dimensions: int = 384,
    ) -> None:
        """Compute a vector for each row of `source` that has none in `table` yet.

        Args:
            key, texts, keep: names of columns of `source`, divided by spaces.
            dimensions: numbers of a whole vector, those of all `texts` together.

        Raises:
            ModelError: the provider cannot compute, or makes vectors of another dimension; nothing was filled.
        """
        operations.invoke(cls(table, key=key, source=source, texts=texts, keep=keep, dimensions=dimensions))

    def maker(self) -> tuple[str, str]:
        """Return the provider and the model that would fill it now."""
        provider = ai.provider()
        return provider.provider, provider.model


@Operations.implementation_for(Embed)
def fill(operations: Operations, plan: Embed) -> None:
    """List what is missing in pg_temp.to_embed, then fill the table batch by batch."""
    provider = ai.provider()
    if (makes := provider.dimensions * len(plan.texts)) != plan.dimensions:
        raise ai.ModelError(
            f"{plan.table} wants vectors of {plan.dimensions} numbers, and {provider.model} makes them of {makes} for "
            f"{' and '.join(plan.texts)}: set AI_PROVIDER to another provider, or write another op.embed."
        )
    if operations.migration_context.as_sql:
        _write_script(operations, plan, provider)
        return
    connection = operations.get_bind()
    if isinstance(provider, Azure):
        provider.require(connection)
    total, blank = batches.begin(operations, plan.missing("to_embed"))
    if isinstance(provider, Azure):
        _in_the_database(operations, plan, provider, total)
    else:
        compute = functools.partial(_here, connection, plan, provider)
        batches.run(operations, plan.table, total, compute, f"vectors by {provider.model}")
    log.info("%s: %s vectors by %s, %s blank texts left out", plan.table, total, provider.model, blank)
    operations.execute("DROP TABLE pg_temp.to_embed")


def _write_script(operations: Operations, plan: Embed, provider: Local | Azure) -> None:
    """`--sql`: the statement where the database computes, else a comment that says what is missing."""
    if isinstance(provider, Azure):
        operations.execute(plan.missing("to_embed").listed())
        operations.execute(_by_azure(plan, provider))
        operations.execute("DROP TABLE pg_temp.to_embed")
        return
    operations.migration_context.impl.static_output(
        f"-- op.embed({plan.table!r}): left out. The local model runs in Python, and a script of SQL cannot call it:\n"
        f"-- {plan.table} stays empty. Run `alembic upgrade` on the database instead, or write the script with\n"
        "-- AI_PROVIDER=azure, for a database that computes the vectors itself."
    )


# -- what is to be done --------------------------------------------------------------------------------------


def _listed(plan: Embed) -> sa.TableClause:
    """Return pg_temp.to_embed with the number and the texts of its rows."""
    texts = (sa.column(name, sa.Text) for name in plan.texts)
    return sa.table("to_embed", sa.column("n", sa.Integer), *texts, schema="pg_temp")


def _target(plan: Embed) -> tuple[sa.TableClause, list[str]]:
    """Return the table, and the columns that are copied from the source."""
    copied = [*plan.key, *plan.keep]
    made = ("embedding", "provider", "model", "dimension")
    return sa.table(plan.table, *(sa.column(name) for name in (*copied, *made))), copied


def _insert(plan: Embed, provider: Local | Azure, vectors: sa.FromClause) -> sa.Insert:
    """Join the vectors, which have columns n and embedding, to their keys and put them in."""
    table, copied = _target(plan)
    source = sa.table("to_embed", sa.column("n"), *(sa.column(name) for name in copied), schema="pg_temp")
    rows = sa.select(
        *(source.c[name] for name in copied),
        sa.cast(vectors.c.embedding, Vector(plan.dimensions)),
        sa.literal(provider.provider, sa.Text),
        sa.literal(provider.model, sa.Text),
        sa.literal(plan.dimensions, sa.SmallInteger),
    ).select_from(source.join(vectors, vectors.c.n == source.c.n))
    return table.insert().from_select([column.name for column in table.c], rows.order_by(source.c.n))


# -- computing a batch ---------------------------------------------------------------------------------------


def _here(connection: sa.Connection, plan: Embed, provider: Local, first: int, last: int) -> int:
    """Read the texts, compute, bring the vectors back by COPY; return how many were put in."""
    listed = _listed(plan)
    asked = sa.select(*listed.c).where(listed.c.n.between(first, last)).order_by(listed.c.n)
    numbers, *texts = zip(*connection.execute(asked).all(), strict=True)
    vectors = _together([provider.embed(some) for some in texts])
    made = sa.Table("embedded", sa.MetaData(), sa.Column("n", sa.Integer),
                    sa.Column("embedding", Vector(plan.dimensions)), prefixes=["TEMPORARY"])  # fmt: skip
    connection.execute(sa.schema.CreateTable(made))
    copy = "COPY pg_temp.embedded (n, embedding) FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(copy) as stream:  # type: ignore[attr-defined]
        for n, vector in zip(numbers, vectors, strict=True):
            stream.write_row((n, Written(vector).to_text()))
    filled = connection.execute(_insert(plan, provider, made), execution_options=batches.COUNTED).rowcount
    connection.execute(sa.text("DROP TABLE pg_temp.embedded"))
    return filled


def _together(parts: Sequence[Vectors]) -> Vectors:
    """One vector after the other, row by row; what has several parts is brought to length 1 as a whole."""
    if len(parts) == 1:
        return parts[0]
    whole = np.hstack(parts)
    whole /= np.linalg.norm(whole, axis=1, keepdims=True)
    return whole


def _in_the_database(operations: Operations, plan: Embed, provider: Azure, total: int) -> None:
    """Have the model read what it has not read yet, apart from this transaction, then put the vectors in here."""
    connection = operations.get_bind()
    progress = functools.partial(batches.progress, operations, plan.table)
    in_database.finish(
        connection, provider, source=plan.source, texts=plan.texts, readable=plan.readable, progress=progress
    )
    if (found := _finished(connection, plan, provider)) != total:
        raise ai.ModelError(
            f"{total - found} of {total} texts for {plan.table} were written by this same revision, where the model "
            "cannot see them yet: write them in a revision of their own, before this one."
        )


def _finished(connection: sa.Connection, plan: Embed, provider: Azure) -> int:
    """Put in the vectors that stand in shop_ai.finished, by the texts they were made of; return how many."""
    listed = _listed(plan)
    answers = {name: in_database.finished().alias(f"of_{name}") for name in plan.texts}
    whole = _whole([answer.c.answer for answer in answers.values()], provider)
    found = sa.select(listed.c.n, whole.label("embedding")).where(listed.c.n.is_not(None))
    for name, answer in answers.items():
        found = found.where(answer.c.text_hash == _hash(listed.c[name]))
        found = found.where(*(answer.c[column] == value for column, value in in_database.made_by(provider).items()))
    vectors = found.subquery("made")
    return connection.execute(_insert(plan, provider, vectors), execution_options=batches.COUNTED).rowcount


def _hash(text: sa.ColumnElement[str]) -> sa.Function[bytes]:
    return sa.func.sha256(sa.func.convert_to(text, sa.literal("UTF8", sa.Text)))


def _whole(parts: Sequence[sa.ColumnElement[Any]], provider: Azure) -> sa.ColumnElement[Any]:
    """As _together(), in SQL."""
    vectors = [sa.cast(part, Vector(provider.dimensions)) for part in parts]
    together: sa.ColumnElement[Any] = functools.reduce(lambda one, other: one.op("||")(other), vectors)
    return sa.func.l2_normalize(together) if len(parts) > 1 else together


def _by_azure(plan: Embed, provider: Azure) -> sa.Insert:
    """One statement for a script: all texts as an array to the model, its answers by place to their keys.

    A text of several parts is asked for part by part.
    """
    listed = _listed(plan)
    first, *others = parts = [_asked(provider, listed.c[name], listed.c.n) for name in plan.texts]
    found = sa.select(
        first.c.place.label("n"), _whole([part.c.embedding for part in parts], provider).label("embedding")
    )
    return _insert(plan, provider, found.where(*(other.c.place == first.c.place for other in others)).subquery("made"))


def _asked(provider: Azure, text: sa.ColumnElement[str], n: sa.ColumnElement[int]) -> sa.TableValuedAlias:
    """The call of the model for one array of texts, as a table with an `embedding` and its `place` in the array."""
    texts = sa.select(sa.func.array_agg(aggregate_order_by(text, n))).where(n >= 1).scalar_subquery()
    options = (in_database.BATCH, provider.dimensions, in_database.TIMEOUT, sa.true(), in_database.ATTEMPTS,
               in_database.PAUSE)  # fmt: skip
    asked = sa.func.azure_openai.create_embeddings(sa.literal(provider.model, sa.Text), texts, *options)
    return asked.table_valued("embedding", with_ordinality="place", name=f"of_{text.key}").render_derived()
