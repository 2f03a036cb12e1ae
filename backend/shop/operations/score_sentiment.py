r"""op.score_sentiment: how each text of a query sounds, and which of the given features it speaks of, in which words.

    op.score_sentiment(
        "review_sentiments",
        mentions="review_mentions",
        key="review_id",
        source="SELECT id AS review_id, concat_ws(E'\n', title, body) AS text, md5(body) AS text_md5 FROM reviews",
        keep="text_md5",
        feature_key="feature_id",
        features="SELECT id AS feature_id, name || ': ' || description AS text FROM features",
        listed="SELECT review_id, feature_id, own, kin FROM ...",
    )

`source` and `keep` are those of op.embed. A row comes into the first table for every text that was read, also for one
that speaks of no feature; it has the columns of `key` and `keep`, and sentiment, positive_score, neutral_score,
negative_score, provider, model and computed_at (with a default of now()). A row comes into the table `mentions` for
every feature that a text speaks of: the columns of `key` and `feature_key`, and sentiment, score, clause, provider,
model and computed_at. Texts whose key is in the first table already are left alone; so are texts that are null or
blank.

`listed` may be left out. It says what the catalog knows of the product that a text is about: a row with the columns of
`key` and `feature_key` for every feature of the product (own is true) and of the other products of its category (kin
is true). The local reader then asks for a clearer word before it believes that a review speaks of anything else.

AI_PROVIDER decides who reads. `local`: batches of texts come here and what was found goes back by COPY. `azure`: one
statement a batch, and nothing leaves the database. Everything is part of the revision's own transaction. What lasts
when it fails is the local provider's cache, so the next run reads only the rest.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations

from shop import ai
from shop.ai import in_database, readings
from shop.ai.azure import AzureReader
from shop.ai.reader import Listed, Reader, Reading
from shop.operations import batches
from shop.operations.filling import Filling

log = logging.getLogger("alembic.operations.score_sentiment")

DIGITS = 3  # of a score: two machines compute the same to about 1e-4, and more digits would promise more
LANGUAGE = "en"  # of the texts, for Azure; the shop's reviews are in English
LONGEST = 5120  # characters that Azure AI Language reads of a text
WANTED = "string - the words of the document that say something of the product's "


@Operations.register_operation("score_sentiment")
class ScoreSentiment(Filling):
    """Fill a table of sentiments and one of mentions; see the module's text for the arguments."""

    def __init__(
        self,
        table: str,
        *,
        mentions: str,
        key: str,
        source: str,
        feature_key: str,
        features: str,
        keep: str = "",
        listed: str = "",
    ) -> None:
        self.table, self.mentions, self.source, self.features, self.listed = table, mentions, source, features, listed
        self.key, self.feature_key, self.keep = key.split(), feature_key, keep.split()

    @classmethod
    def score_sentiment(
        cls,
        operations: Operations,
        table: str,
        *,
        mentions: str,
        key: str,
        source: str,
        feature_key: str,
        features: str,
        keep: str = "",
        listed: str = "",
    ) -> None:
        """Read each row of `source` that is not in `table` yet.

        Args:
            mentions: the table for what is said of each feature.
            key, keep: names of columns of `source`, divided by spaces.
            feature_key: the column of `features` that tells a feature.
            features: a query with that column and the `text` that describes the feature.
            listed: a query for what the catalog lists of each text's product, or nothing.

        Raises:
            ModelError: the provider cannot read, or its answer cannot be; nothing was filled.
        """
        operations.invoke(
            cls(
                table,
                mentions=mentions,
                key=key,
                source=source,
                feature_key=feature_key,
                features=features,
                keep=keep,
                listed=listed,
            )
        )

    def maker(self) -> tuple[str, str]:
        """Return the provider and the model that would read now."""
        reader = ai.text_reader()
        return reader.provider, reader.model

    def remove_stale(self) -> sa.TextClause:
        """Delete what was read of texts that are others now, the mentions included."""
        same = " AND ".join(f"mention.{name} = gone.{name}" for name in self.key)
        return sa.text(
            f"WITH gone AS ({super().remove_stale().text} RETURNING {', '.join(f'made.{name}' for name in self.key)}) "  # noqa: S608
            f"DELETE FROM {self.mentions} AS mention USING gone WHERE {same}"
        )


@Operations.implementation_for(ScoreSentiment)
def fill(operations: Operations, plan: ScoreSentiment) -> None:
    """List what is missing in pg_temp.to_read, then fill both tables batch by batch."""
    reader = ai.text_reader()
    if operations.migration_context.as_sql:
        _write_script(operations, plan, reader)
        return
    connection = operations.get_bind()
    if isinstance(reader, AzureReader):
        reader.require(connection)
    total, blank = batches.begin(operations, plan.missing("to_read"))
    operations.execute(_listed_features(plan))
    read = functools.partial(batches.run, operations, plan.table, total, what=f"readings by {reader.model}")
    if isinstance(reader, AzureReader):
        with in_database.beside(connection):  # its settings
            read(compute=functools.partial(_in_the_database, connection, plan, reader))
    else:
        operations.execute(_listed_expectations(plan))
        read(compute=functools.partial(_here, connection, plan, reader))
        operations.execute("DROP TABLE pg_temp.to_expect")
    log.info("%s: %s texts read by %s, %s blank texts left out", plan.table, total, reader.model, blank)
    operations.execute("DROP TABLE pg_temp.to_read, pg_temp.to_find")


def _write_script(operations: Operations, plan: ScoreSentiment, reader: Reader | AzureReader) -> None:
    """`--sql`: the statements where the database reads, else a comment that says what is missing."""
    if isinstance(reader, AzureReader):
        operations.execute(plan.missing("to_read").listed())
        operations.execute(_listed_features(plan))
        operations.execute(_by_azure(plan, reader, 1, None))
        operations.execute("DROP TABLE pg_temp.to_read, pg_temp.to_find")
        return
    operations.migration_context.impl.static_output(
        f"-- op.score_sentiment({plan.table!r}): left out. The local reader runs in Python, and a script of SQL\n"
        f"-- cannot call it: {plan.table} and {plan.mentions} stay empty. Run `alembic upgrade` on the database\n"
        "-- instead, or write the script with AI_PROVIDER=azure, for a database that reads by itself."
    )


def _listed_features(plan: ScoreSentiment) -> sa.TextClause:
    """Number the features from 0 in the order of their keys."""
    return sa.text(
        "CREATE TEMPORARY TABLE to_find ON COMMIT DROP AS "  # noqa: S608  the revision's own code
        f"SELECT row_number() OVER (ORDER BY {plan.feature_key}) - 1 AS place, features.* "
        f"FROM ({plan.features}) AS features".replace(":", "\\:")
    )


# -- reading here ----------------------------------------------------------------------------------------------


def _here(connection: sa.Connection, plan: ScoreSentiment, reader: Reader, first: int, last: int) -> int:
    """Fetch the texts, read, bring what was found back by COPY; return how many readings were put in."""
    batch = sa.text(
        "SELECT n, text, e.n AS known, own, kin FROM pg_temp.to_read LEFT JOIN pg_temp.to_expect AS e USING (n) "
        "WHERE n BETWEEN :first AND :last ORDER BY n"
    )
    rows = connection.execute(batch, {"first": first, "last": last}).all()
    features = connection.scalars(sa.text("SELECT text FROM pg_temp.to_find ORDER BY place")).all()
    found = readings.read(reader, [row.text for row in rows], features, [_expected(row) for row in rows])
    numbered = [(row.n, reading) for row, reading in zip(rows, found, strict=True)]
    _copy(connection, "made_readings", HEARD, (_whole(n, reading) for n, reading in numbered))
    _copy(connection, "made_mentions", FOUND, (line for n, reading in numbered for line in _parts(n, reading)))
    made_by = {"provider": reader.provider, "model": reader.model}
    filled = connection.execute(_insert_heard(plan), made_by, execution_options=batches.COUNTED).rowcount
    connection.execute(_insert_found(plan), made_by)
    connection.execute(sa.text("DROP TABLE pg_temp.made_readings, pg_temp.made_mentions"))
    return filled


def _listed_expectations(plan: ScoreSentiment) -> sa.TextClause:
    """Gather what the catalog says of the product of each text, once for all batches; nothing where nobody asks it."""
    if not plan.listed:
        return sa.text("CREATE TEMPORARY TABLE to_expect (n bigint, own bigint[], kin bigint[]) ON COMMIT DROP")
    return sa.text(
        "CREATE TEMPORARY TABLE to_expect ON COMMIT DROP AS "  # noqa: S608  the revision's own code
        "SELECT n, array_agg(place) FILTER (WHERE own) AS own, array_agg(place) FILTER (WHERE kin) AS kin "
        f"FROM pg_temp.to_read JOIN ({plan.listed}) AS listed USING ({', '.join(plan.key)}) "
        f"JOIN pg_temp.to_find USING ({plan.feature_key}) GROUP BY n".replace(":", "\\:")
    )


def _expected(row: sa.Row[Any]) -> Listed | None:
    return None if row.known is None else Listed(frozenset(row.own or ()), frozenset(row.kin or ()))


HEARD = "n integer, sentiment text, positive real, neutral real, negative real"
FOUND = "n integer, place integer, sentiment text, score real, clause text"


def _whole(n: int, reading: Reading) -> tuple[Any, ...]:
    shares = (round(share, DIGITS) for share in (reading.positive, reading.neutral, reading.negative))
    return n, reading.sentiment, *shares


def _parts(n: int, reading: Reading) -> Iterable[tuple[Any, ...]]:
    for one in reading.mentions:
        yield n, one.feature, one.sentiment, round(one.score, DIGITS), one.clause


def _copy(connection: sa.Connection, table: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.execute(sa.text(f"CREATE TEMPORARY TABLE {table} ({columns}) ON COMMIT DROP"))
    copy = f"COPY pg_temp.{table} FROM STDIN"
    with connection.connection.cursor() as cursor, cursor.copy(copy) as stream:  # type: ignore[attr-defined]
        for row in rows:
            stream.write_row(row)


def _insert_heard(plan: ScoreSentiment) -> sa.TextClause:
    copied = ", ".join([*plan.key, *plan.keep])
    return sa.text(
        f"INSERT INTO {plan.table} "  # noqa: S608  names of the revision's own
        f"({copied}, sentiment, positive_score, neutral_score, negative_score, provider, model) "
        f"SELECT {copied}, sentiment, positive, neutral, negative, :provider, :model "
        "FROM pg_temp.made_readings JOIN pg_temp.to_read USING (n) ORDER BY n"
    )


def _insert_found(plan: ScoreSentiment) -> sa.TextClause:
    keys = ", ".join([*plan.key, plan.feature_key])
    return sa.text(
        f"INSERT INTO {plan.mentions} ({keys}, sentiment, score, clause, provider, model) "  # noqa: S608  as above
        f"SELECT {keys}, sentiment, score, clause, :provider, :model "
        "FROM pg_temp.made_mentions JOIN pg_temp.to_read USING (n) JOIN pg_temp.to_find USING (place) ORDER BY n, place"
    )


# -- reading in the database -----------------------------------------------------------------------------------


def _in_the_database(
    connection: sa.Connection, plan: ScoreSentiment, reader: AzureReader, first: int, last: int
) -> int:
    return int(connection.execute(_by_azure(plan, reader, first, last)).scalar_one())


def _by_azure(plan: ScoreSentiment, reader: AzureReader, first: int, last: int | None) -> sa.TextClause:
    """One statement for the texts from `first` to `last`; it answers how many sentiments were put in.

    AI Language hears the whole text. The chat model gives, for every feature, the words that speak of it; a quotation
    that does not stand in the text is not believed. AI Language then hears each quotation by itself: what it calls
    mixed is neither good nor bad of the feature, and is kept as neutral.
    """
    key = ", ".join(plan.key)
    copied = ", ".join([*plan.key, *plan.keep])
    upto = "" if last is None else " AND n <= :last"
    statement = f"""
        WITH batch AS MATERIALIZED (
            SELECT * FROM pg_temp.to_read WHERE n >= :first{upto}
        ), heard AS (
            INSERT INTO {plan.table}
                ({copied}, sentiment, positive_score, neutral_score, negative_score, provider, model)
            SELECT {copied}, a.sentiment, a.positive_score, a.neutral_score, a.negative_score, :provider, :model
            FROM batch CROSS JOIN LATERAL azure_cognitive.analyze_sentiment(left(text, :longest), :language) AS a
            RETURNING 1
        ), wanted AS (
            SELECT array_agg(concat('f', place, ': ', CAST(:wanted AS text), text) ORDER BY place) AS data
            FROM pg_temp.to_find
        ), answered AS MATERIALIZED (
            SELECT batch.*, azure_ai.extract(batch.text, wanted.data, :extractor) AS answer
            FROM batch CROSS JOIN wanted WHERE wanted.data IS NOT NULL
        ), quoted AS MATERIALIZED (
            SELECT {key}, {plan.feature_key}, btrim(each.words) AS clause
            FROM answered CROSS JOIN LATERAL jsonb_each_text(answer) AS each (label, words)
            JOIN pg_temp.to_find f ON label = concat('f', f.place)
            WHERE words ~ '\\S' AND position(btrim(words) IN answered.text) > 0
        ), found AS (
            INSERT INTO {plan.mentions} ({key}, {plan.feature_key}, sentiment, score, clause, provider, model)
            SELECT {key}, {plan.feature_key}, CASE a.sentiment WHEN 'mixed' THEN 'neutral' ELSE a.sentiment END,
                   CASE a.sentiment WHEN 'positive' THEN a.positive_score WHEN 'negative' THEN a.negative_score
                                    ELSE a.neutral_score END, clause, :provider, :extractor
            FROM quoted
            CROSS JOIN LATERAL azure_cognitive.analyze_sentiment(left(clause, :longest), :language) AS a
        )
        SELECT count(*) FROM heard
    """  # noqa: S608  names of the revision's own
    values: dict[str, Any] = {
        "first": first,
        "longest": LONGEST,
        "language": LANGUAGE,
        "wanted": WANTED,
        "provider": reader.provider,
        "model": reader.model,
        "extractor": reader.extractor,
        **({} if last is None else {"last": last}),
    }
    return sa.text(statement.replace(": '", "\\: '")).bindparams(**values)
