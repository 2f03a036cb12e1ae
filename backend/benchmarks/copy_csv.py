"""op.copy_csv against the fastest way there is: 1,000,000 reviews, in one run.

The other way is a bare COPY of the same file into a plain table of text and one INSERT ... SELECT from it into a table
like `reviews`: no rules, no refusals, no look at keys or references. op.copy_csv must reach half of its rate.
"""

from __future__ import annotations

import csv
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

import shop.operations  # noqa: F401  registers op.copy_csv
from benchmarks import Line
from shop import database
from shop.settings import DATA
from workshop import chain, checkpoints, server, steps

ROWS = 1_000_000
LEAST = 0.5  # of the bare way's rate
NAME = "workshop_bench"


def measure() -> list[Line]:
    """Measure both ways."""
    settings = server.ensure()
    place = replace(settings, database_url=settings.database_url.set(database=NAME))
    ready = checkpoints.ensure(settings, "0003_seed_catalog", steps.upgrade)
    with tempfile.TemporaryDirectory() as folder:
        path = write_reviews(Path(folder) / "reviews.csv")
        seconds = {}
        for name, way in (("COPY + INSERT..SELECT", bare), ("op.copy_csv", by_operation)):
            checkpoints.replace(place, ready)
            with database.connect(place) as connection:
                empty_reviews(connection)
                started = time.perf_counter()
                way(connection, path)
                seconds[name] = time.perf_counter() - started
                count = connection.scalar(sa.text("SELECT count(*) FROM reviews"))
            print(f"   {name:24}{seconds[name]:7.1f} s {ROWS / seconds[name]:12,.0f} rows/s   {count:,} in the table")
        checkpoints.drop(place)
    bare_rate, rate = (ROWS / seconds[name] for name in ("COPY + INSERT..SELECT", "op.copy_csv"))
    said = f"{rate:,.0f} of {bare_rate:,.0f} rows/s, {ROWS:,} rows"
    return [Line("op.copy_csv, share of the bare way's rate", rate / bare_rate, least=LEAST, said=said)]


def write_reviews(path: Path) -> Path:
    """Write a file of ROWS reviews: the export's own accepted ones again and again, each with a key of its own."""
    refused = {int(line) for line in _lines_refused()}
    with (DATA / "reviews.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        header = next(reader)
        rows = [(line, row) for line, row in enumerate(reader, start=2)]  # one line each, as the test of the data says
    good = [row for line, row in rows if line not in refused and row[7][4:5] == "-" and not row[2].strip()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for key in range(ROWS):
            writer.writerow([key + 1, *good[key % len(good)][1:]])
    return path


def _lines_refused() -> list[str]:
    with (DATA / "defects.csv").open(encoding="utf-8", newline="") as file:
        return [d["line"] for d in csv.DictReader(file) if (d["file"], d["fate"]) == ("reviews.csv", "refused")]


def empty_reviews(connection: sa.Connection) -> None:
    # Not TRUNCATE: where Apache AGE is preloaded but not created in the database, its hook makes TRUNCATE fail.
    with connection.begin():
        connection.exec_driver_sql("DELETE FROM reviews")
        connection.exec_driver_sql("DELETE FROM import_refusals")


def bare(connection: sa.Connection, path: Path) -> None:
    """The fastest way that still ends in the real table, with its key, checks, foreign keys and indexes."""
    fields = "id product_id user_id author rating title body reviewed_on".split()
    with connection.begin():
        connection.exec_driver_sql(f"CREATE TABLE plain ({', '.join(f'{name} text' for name in fields)})")
        raw = connection.connection.cursor()
        with raw.copy("COPY plain FROM STDIN (FORMAT csv, HEADER)") as stream, path.open("rb") as file:
            while block := file.read(1 << 20):
                stream.write(block)
        connection.exec_driver_sql(
            "INSERT INTO reviews (id, product_id, user_id, author, rating, title, body, reviewed_on) "
            "SELECT id::integer, product_id::integer, user_id::uuid, author, rating::smallint, title, body, "
            "reviewed_on::date FROM plain"
        )


def by_operation(connection: sa.Connection, path: Path) -> None:
    """The plan of 0003_seed_catalog for the reviews, unchanged."""
    plan = revision_module("0003_seed_catalog")
    with mock.patch.dict(os.environ, SHOP_DATA=str(path.parent)), connection.begin():
        op = Operations(MigrationContext.configure(connection))
        op.execute(plan.CLEANERS)
        op.copy_csv(**plan.REVIEWS)  # type: ignore[attr-defined]


def revision_module(name: str):
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(chain.alembic_config()).get_revision(name).module
