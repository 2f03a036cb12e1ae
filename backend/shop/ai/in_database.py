"""Work that Azure's models do inside the database: batch by batch, each in a short transaction of its own.

A batch is one statement: it takes the texts from a table, has the extension azure_ai ask the model, and puts the
answers into shop_ai.finished, under provider, model and the hash of the text. No text and no vector comes to this
machine. The work runs over a second connection, so that what is finished stays when the revision's own transaction is
rolled back, and the next run asks only for the rest. For the same reason it reads what other transactions see: the rows
that a revision embeds must have been there before it began.

    DROP TABLE shop_ai.finished    -- forgets all of it; it is made again when it is needed
"""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from shop.ai import azure_settings
from shop.ai.azure import DEPLOYMENT, Azure
from shop.ai.errors import ModelError

log = logging.getLogger("alembic.ai")

BATCH = 128  # texts that the model is asked for at once
TIMEOUT = 60_000  # milliseconds for one answer
ATTEMPTS, PAUSE = 3, 2_000  # how often the extension itself asks again, and the milliseconds in between
WAITS = (5, 10, 20, 40, 60, 60)  # seconds until we ask again when it still says 429; a limit is counted by the minute
LONGEST_WAIT = 120  # seconds, whatever Azure proposes

Progress = Callable[[int], AbstractContextManager[Callable[[int], object]]]
COUNTED = {"preserve_rowcount": True}  # SQLAlchemy forgets how many rows an INSERT brought


def finish(
    connection: sa.Connection,
    provider: Azure,
    *,
    source: str,
    texts: Sequence[str],
    readable: str,
    progress: Progress,
) -> None:
    """Have the model read every text of a query that it has not read yet.

    Args:
        connection: the revision's own, in its transaction; a second one is opened beside it.
        source, texts, readable: the query, its columns of texts, and the condition that a row is to be read. They are
            a revision's own code, trusted like any other statement of it.
        progress: opened with the number of texts, it gives a function that is told how many more were read.

    Raises:
        ModelError: the settings are wrong, or the model refused for good; what was finished is kept.
    """
    with beside(connection) as second:
        _tables(second)
        second.execute(_list(source, texts, readable), made_by(provider))
        total = second.scalar(sa.text("SELECT count(*) FROM pg_temp.to_ask")) or 0
        with progress(total) as advance:
            for first in range(1, total + 1, BATCH):
                last = min(first + BATCH - 1, total)
                _batch(second, provider, first, last)
                advance(last - first + 1)


@contextmanager
def beside(connection: sa.Connection) -> Iterator[sa.Connection]:
    """Give a second connection in autocommit; while it is open, the database has the environment's settings of Azure.

    Raises:
        ModelError: see azure_settings.
    """
    with connection.engine.connect() as second:
        second.execution_options(isolation_level="AUTOCOMMIT")
        second.execute(sa.text("SELECT set_config('lock_timeout', '10s', false)"))
        with azure_settings.made(second, azure_settings.given(os.environ)):
            yield second


def made_by(provider: Azure) -> dict[str, str]:
    """Return the columns of shop_ai.finished that, with the text's hash, are the key of an answer."""
    task = f"embedding of {provider.dimensions} numbers"
    return {"provider": provider.provider, "model": provider.model, "task": task}


def finished() -> sa.TableClause:
    """Return shop_ai.finished, to be joined."""
    columns = [sa.column(name, sa.Text) for name in ("provider", "model", "task")]
    return sa.table("finished", *columns, sa.column("text_hash"), sa.column("answer"), schema="shop_ai")


def _tables(second: sa.Connection) -> None:
    raw: Any = second.connection.driver_connection  # it takes several statements at once
    raw.execute(azure_settings.TABLE)
    raw.execute(_FINISHED)


_FINISHED = """
    CREATE TABLE IF NOT EXISTS shop_ai.finished (
        provider text, model text, task text, text_hash bytea, answer real[] NOT NULL,
        made_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (provider, model, task, text_hash));
    COMMENT ON TABLE shop_ai.finished IS 'What a model has answered to a text, by the sha256 of the text';
    CREATE TEMPORARY TABLE to_ask (n integer PRIMARY KEY, text text, hash bytea)
"""


def _list(source: str, texts: Sequence[str], readable: str) -> sa.TextClause:
    """Number the texts that are not finished from 1; one that stands in several rows is asked for once."""
    columns = ", ".join(f"source.{name}" for name in texts)
    told = (
        f"SELECT DISTINCT each.told FROM ({source}) AS source "  # noqa: S608
        f"CROSS JOIN LATERAL unnest(ARRAY[{columns}]) AS each(told) WHERE {readable}"
    ).replace(":", "\\:")
    return sa.text(
        "INSERT INTO pg_temp.to_ask (n, text, hash) SELECT row_number() OVER (ORDER BY hash), told, hash "  # noqa: S608
        f"FROM ({told}) AS told CROSS JOIN LATERAL (SELECT sha256(convert_to(told, 'UTF8')) AS hash) AS hashed "
        "WHERE NOT EXISTS (SELECT FROM shop_ai.finished AS f WHERE f.provider = :provider AND f.model = :model "
        "AND f.task = :task AND f.text_hash = hash)"
    )


# A vector of another dimension is left out, so that it is noticed when the rows are counted.
_ASK = sa.text("""
    INSERT INTO shop_ai.finished (provider, model, task, text_hash, answer)
    SELECT :provider, :model, :task, hash, embedding
    FROM azure_openai.create_embeddings(
        CAST(:model AS text), (SELECT array_agg(text ORDER BY n) FROM pg_temp.to_ask WHERE n BETWEEN :first AND :last),
        :batch, :dimensions, :timeout, true, :attempts, :pause) WITH ORDINALITY AS answers (embedding, place)
    JOIN pg_temp.to_ask ON n = place + :first - 1
    WHERE cardinality(embedding) = :dimensions
""")


def _batch(second: sa.Connection, provider: Azure, first: int, last: int) -> None:
    """Have one batch read; asked again as long as the service says that it is asked too much."""
    values = {**made_by(provider), "first": first, "last": last, "batch": BATCH, "dimensions": provider.dimensions,
              "timeout": TIMEOUT, "attempts": ATTEMPTS, "pause": PAUSE}  # fmt: skip
    for wait in (*WAITS, None):
        try:
            # Counted before it is kept: an answer that lacks a text might stand beside the wrong ones.
            second.exec_driver_sql("BEGIN")
            made = second.execute(_ASK, values, execution_options=COUNTED).rowcount
            second.exec_driver_sql("COMMIT" if made == last - first + 1 else "ROLLBACK")
        except sa.exc.DBAPIError as error:
            if error.connection_invalidated:
                raise
            second.exec_driver_sql("ROLLBACK")
            if wait is None or not _is_throttled(error):
                raise _explained(error, provider) from error
            seconds = min(_proposed(error) or wait, LONGEST_WAIT)
            log.warning("Azure limits how often it may be asked (429); asking again in %s seconds", seconds)
            time.sleep(seconds)
            continue
        if made != last - first + 1:
            raise ModelError(
                f"{provider.model} gave {made} vectors of {provider.dimensions} numbers for {last - first + 1} texts; "
                "none of them is kept."
            )
        return


def _is_throttled(error: sa.exc.DBAPIError) -> bool:
    return bool(re.search(r"\b429\b|too many requests|rate limit", str(error.orig), re.IGNORECASE))


def _proposed(error: sa.exc.DBAPIError) -> int | None:
    found = re.search(r"retry after (\d+) seconds?", str(error.orig), re.IGNORECASE)
    return int(found[1]) if found else None


_KEPT = "What was finished before is kept, and the same command goes on from there."

# The words of the services, which the extension passes on -> what the reader needs to know. The first match wins.
_CAUSES = (
    (
        r"\b(401|403)\b|invalid subscription key|access denied",
        "Azure does not accept the key, or the endpoint is another service's: correct AZURE_OPENAI_KEY and "
        "AZURE_OPENAI_ENDPOINT, or have the administrator correct the settings of azure_ai in the database. {kept}",
    ),
    (
        r"\b404\b|deploymentnotfound|deployment .* does not exist",
        'Azure OpenAI has no deployment "{model}" at this endpoint: correct ' + DEPLOYMENT + ". {kept}",
    ),
    (
        r"\b429\b|too many requests|rate limit",
        "Azure went on refusing because it is asked too often (429): wait some minutes, or have the limit of the "
        "deployment raised. {kept}",
    ),
    (
        r"endpoint is not set|subscription_key is not set|not configured",
        "The database does not know where Azure is: set AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_KEY, or have an "
        "administrator run azure_ai.set_setting for azure_openai.endpoint and azure_openai.subscription_key.",
    ),
    (
        r"function azure_openai.create_embeddings.* does not exist",
        "The extension azure_ai of this database knows no dimensions yet: ALTER EXTENSION azure_ai UPDATE.",
    ),
)


def _explained(error: sa.exc.DBAPIError, provider: Azure) -> Exception:
    """Return the error in one sentence; one that says nothing of Azure as it is, for whoever knows the server."""
    said = str(error.orig)
    if str(getattr(error.orig, "sqlstate", None) or "08")[:2] in ("08", "40", "53", "55", "57", "58"):
        return error
    for words, sentence in _CAUSES:
        if re.search(words, said, re.IGNORECASE):
            return ModelError(sentence.format(model=provider.model, kept=_KEPT))
    return ModelError(f"Azure's model could not be asked: {said.splitlines()[0]} {_KEPT}")
