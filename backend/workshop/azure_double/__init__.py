"""A stand-in for Azure: a throwaway database in which functions named like those of azure_ai answer.

    double = azure_double.begin("0006_embed_catalog")     # workshop_azure_double, at the revision before
    %alembic --azure-double upgrade +1                    # AI_PROVIDER=azure, the statements that Azure would get
    double.changed()                                      # the X-ray: what it made, and who made it
    double.drop()

The extension azure_ai exists on Azure Database for PostgreSQL only. Its functions stand in functions.sql, by their
documented names and signatures; behind them is no service, but vectors of the model on this machine and a small
lexicon. What a revision does in the database is therefore real, and what the functions answer is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from shop import database
from shop.ai.local import Local
from shop.errors import ExplainedError
from shop.operations.embed import Embed
from shop.settings import Settings
from workshop import beside, chain, checkpoints, fillings, server, steps, xray
from workshop.chain import Step

DATABASE = "workshop_azure_double"
LABEL = "A stand-in for Azure: functions of the names of azure_ai answer on this machine."
LIMITED = "429: Requests have exceeded the call rate limit. Please retry after 1 second."
FUNCTIONS = Path(__file__).with_name("functions.sql")
SCHEMAS = ("azure_ai", "azure_openai", "azure_cognitive")

# What a real deployment would have in its environment. The key opens nothing but the stand-in.
SETTINGS = {
    "AI_PROVIDER": "azure",
    "AZURE_OPENAI_ENDPOINT": "https://stand-in.invalid",
    "AZURE_OPENAI_KEY": "stand-in-key",
    "AZURE_OPENAI_EMBEDDING_DEPLOYMENT": "stand-in-embeddings",
    "AZURE_OPENAI_CHAT_DEPLOYMENT": "stand-in-chat",
    "AZURE_LANGUAGE_ENDPOINT": "https://stand-in.invalid",
    "AZURE_LANGUAGE_KEY": "stand-in-key",
}


@dataclass(frozen=True)
class Double:
    """The throwaway database.

    step: the one that is about to run; settings: whose database; start: the X-ray before it.
    """

    step: Step
    settings: Settings
    start: xray.Snapshot

    def __str__(self) -> str:
        return f"{LABEL} The database {DATABASE} is at {self.start.revision or chain.BASE}."

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"

    def changed(self) -> xray.Difference:
        """Return what has changed since the beginning."""
        return xray.compare(self.start, look(self.settings))

    def drop(self) -> str:
        """Drop the database."""
        return drop(self.settings)


def refuse(settings: Settings, times: int, said: str = LIMITED, after: int = 0) -> None:
    """Let attempts to reach the service fail with these words: the next ones, or those after some that succeed."""
    with database.connect(settings) as connection, connection.begin():
        connection.execute(_REFUSE, {"times": times, "said": said, "after": after})


def attempts(settings: Settings) -> int:
    """Return how often the service was asked, failures included."""
    with database.connect(settings) as connection:
        return int(connection.scalar(_ATTEMPTS) or 0)


_ATTEMPTS = sa.text("SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM azure_ai.attempts")
_REFUSE = sa.text(
    "INSERT INTO azure_ai.refusals "  # noqa: S608
    f"SELECT n + :after + 1, n + :after + :times, :said FROM ({_ATTEMPTS}) AS asked(n)"
)


class NoDoubleError(ExplainedError):
    """The stand-in's database is not there."""


def place(settings: Settings) -> Settings:
    """Return the stand-in's database on the same server, whether it is there or not."""
    return replace(settings, database_url=settings.database_url.set(database=DATABASE))


def environment(settings: Settings) -> dict[str, str]:
    """Return the environment in which Alembic works on the stand-in, as it would on Azure.

    Raises:
        NoDoubleError: it was not made, or was dropped.
    """
    with checkpoints.maintenance(settings) as connection:
        there = connection.scalar(sa.text("SELECT count(*) FROM pg_database WHERE datname = :name"), {"name": DATABASE})
    if not there:
        raise NoDoubleError(f"There is no database {DATABASE}: `workshop azure-double begin <step>` makes it.")
    address = place(settings).database_url.render_as_string(hide_password=False)
    return {"DATABASE_URL": address, "WORKSHOP_SERVER": "", **SETTINGS}


def begin(name: str, settings: Settings | None = None) -> Double:
    """Make the database anew: at the revision before a step, as a plain upgrade leaves it, with the functions in it.

    The texts that the step will ask vectors for are read by the model on this machine now, and their vectors are what
    the functions answer.

    Raises:
        BesideError: this user may not create databases.
    """
    step = chain.find(name)
    ours = settings or server.ensure()
    beside.require(ours)
    there = place(ours)
    checkpoints.replace(there, checkpoints.ensure(ours, step.before, steps.upgrade))
    install(there)
    with database.connect(there) as connection:
        plans = [plan for plan in fillings.of(step) if isinstance(plan, Embed)]
        texts = [text for plan in plans for text in _texts(connection, plan)]
    teach(there, texts)
    return Double(step, there, look(there))


def install(settings: Settings) -> None:
    """Make the functions in a database."""
    with database.connect(settings) as connection, connection.begin():
        _raw(connection).execute(FUNCTIONS.read_bytes())


@contextmanager
def standing(name: str, settings: Settings) -> Iterator[Double]:
    """Begin, and drop the database at the end of the block."""
    double = begin(name, settings)
    try:
        yield double
    finally:
        double.drop()


def drop(settings: Settings) -> str:
    """Drop the stand-in's database, if it is there, and say so."""
    checkpoints.drop(place(settings))
    return f"The stand-in for Azure, {DATABASE}, is gone."


def teach(settings: Settings, texts: Iterable[str]) -> None:
    """Have the model on this machine read texts, so that the stand-in knows their vectors."""
    new = [text for text in dict.fromkeys(texts) if text.strip()]
    vectors = Local().embed(new)
    with database.connect(settings) as connection, connection.begin():
        raw = _raw(connection)
        raw.execute("CREATE TEMPORARY TABLE taught (text text, embedding real[]) ON COMMIT DROP")
        with raw.cursor().copy("COPY pg_temp.taught FROM STDIN") as stream:
            for text, vector in zip(new, vectors, strict=True):
                stream.write_row((text, vector.tolist()))
        raw.execute(
            "INSERT INTO azure_openai.known SELECT sha256(convert_to(text, 'UTF8')), embedding FROM pg_temp.taught "
            "ON CONFLICT DO NOTHING"
        )


def _texts(connection: sa.Connection, plan: Embed) -> list[str]:
    """Return what a model will be asked to make vectors of."""
    rows = connection.execute(sa.text(plan.source.replace(":", "\\:"))).mappings()
    return [row[name] for row in rows for name in plan.texts if row[name]]


def look(settings: Settings) -> xray.Snapshot:
    """Return the X-ray of the stand-in's database, without the functions that stand in."""
    with database.connect(settings) as connection:
        seen = xray.snapshot(connection)
    items = {item: fields for item, fields in seen.items.items() if item[1].partition(".")[0] not in SCHEMAS}
    return xray.Snapshot(items, seen.revision)


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection
