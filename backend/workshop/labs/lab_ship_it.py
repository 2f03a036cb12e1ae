"""Lab: ship it

Five things that stand between a draft that works and a shop that runs: a script for the administrator, a rename in two
releases, a migration that meets a long transaction, and the gate that a pipeline puts before all of it. The drafts, and
the two versions of the shop's program, stand in planted/lab_ship_it.

Whether a release hurts shows while it runs. So the checks build a fresh database, open sessions of a shop that is in
use, run the learner's drafts beside them, and ask the server who waited for whom.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from alembic import command

from shop import database
from shop.settings import Settings
from workshop import beside, chain, labs, psql, scratch, terminal, xray
from workshop.checks import Look
from workshop.labs import deployments, exercise, planted
from workshop.labs.lab_write_your_own_revision import BEFORE_PROFILE, LAST_LOGIN
from workshop.labs.looks import HERE, everything, faithful, goes, judged, refusal, settings_of, things

LAB = __name__.rpartition(".")[2]
SCRIPT, GATE = "release.sql", "gate.sh"
OLD, NEW = deployments.program("shop_1"), deployments.program("shop_2")


def draft(*names: str) -> None:
    """Write planted drafts into the learner's scratch folder."""
    for name in names:
        scratch.write_as_declared(planted(LAB, name))


# -- a script for the administrator ------------------------------------------------------------------------------------

BANDS = "CASE WHEN price < 50 THEN 'low' WHEN price < 200 THEN 'middle' ELSE 'high' END"
ANOTHER = """
    INSERT INTO products (name, brand, category, price, description)
    VALUES ('Lamp', 'Nobody', 'home', 19, 'Came after the draft was written')
"""


@exercise(lambda _: draft("draft_price_bands"))
def script(look: Look) -> None:
    """draft_price_bands is in this database by backend/scratch/release.sql, which Alembic wrote and psql ran, and the
    script makes of another database exactly what `alembic upgrade` makes of it."""
    text = scratch.kept(SCRIPT)
    look.expect(bool(text), f"there is no file backend/scratch/{SCRIPT}",
                f"alembic upgrade <from>:<to> --sql > scratch/{SCRIPT}")  # fmt: skip
    written = _rendered(look)
    if text and written:
        look.expect(text.split() == written.split(), f"{SCRIPT} is not what Alembic writes from the draft as it stands",
                    "write it again, from the revision that the database is at, and do not edit it")  # fmt: skip
    look.same("current revision", look.values("SELECT version_num FROM alembic_version"), ["draft_price_bands"],
              f"run it: workshop psql -v ON_ERROR_STOP=1 -f scratch/{SCRIPT}")  # fmt: skip
    if not look.faults:
        _banded(look, look.connection, "here")
    look.connection.rollback()  # other sessions read the tables now
    if not look.faults:
        _both_ways(look)


def _rendered(look: Look) -> str:
    """Return the script that Alembic writes of the draft; empty, with a fault, when it cannot."""
    config = scratch.alembic_config()
    config.output_buffer = io.StringIO()
    try:
        command.upgrade(config, f"{chain.steps()[-1].name}:draft_price_bands", sql=True)
    except Exception as error:  # a draft can raise anything
        look.expect(False, f"`alembic upgrade --sql` fails: {error}",
                    "while a script is written there is no database: the draft must not read from one")  # fmt: skip
        return ""
    return config.output_buffer.getvalue()


def _banded(look: Look, connection: sa.Connection, where: str) -> None:
    wrong = connection.scalars(
        sa.text(f"SELECT name FROM products WHERE price_band IS DISTINCT FROM {BANDS} ORDER BY id")  # noqa: S608
    ).all()
    look.seen += 1
    look.expect(not wrong, f"{where} {len(wrong)} product(s) have no right price band: {', '.join(wrong[:3])}",
                "the script writes what it holds, and not what the author's database held")  # fmt: skip


def _both_ways(look: Look) -> None:
    """Run the draft in one fresh database and the script in another, which has a product more, and compare all."""
    seen = []
    for what, action in (("alembic upgrade", beside.upgrade), ("the script", _run_script)):
        with beside.fresh(settings_of(look)) as place:
            with database.connect(place) as connection, connection.begin():
                connection.exec_driver_sql(ANOTHER)
            if not goes(look, what, action, place):
                return
            seen.append(everything(place))
            with database.connect(place) as connection:
                _banded(look, connection, f"after {what} in another database")
    look.seen += len(seen[0].items)
    apart = xray.compare(*seen)
    look.expect(not apart, f"alembic and the script make different databases: {apart.summary()} ({things(apart)})",
                "what the draft does in Python is not in the script")  # fmt: skip


def _run_script(place: Settings) -> None:
    environment = {**os.environ, **psql.environment(place.database_url)}
    words = [psql.program(place), "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1"]
    done = subprocess.run(
        words, env=environment, input=scratch.kept(SCRIPT), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise deployments.DeploymentError(done.stderr.strip())


# -- a column gets another name, while the shop is open ----------------------------------------------------------------

MANY = 3000  # variants that the check adds, so that batches show
LARGEST_BATCH = 1000
MORE = """
    INSERT INTO variants (product_id, sku, price, stock)
    SELECT 1, 'MANY-' || n, 9.90, n % 7 FROM generate_series(1, :many) AS n
"""


@exercise(lambda _: None)
def expand(look: Look) -> None:
    """Every variant has its number under both names, whichever version of the program writes it, and nobody who bought
    while the drafts ran was refused or had to wait for all rows at once."""
    if _has(look, "pieces") and _has(look, "stock"):
        _the_same(look, look.connection, "here")
        _together(look, look.connection, OLD, NEW)
    look.connection.rollback()
    if not look.faults:
        _while_open(look)
    judged(look)


def _has(look: Look, column: str) -> bool:
    found = look.values("""
        SELECT attname FROM pg_attribute
        WHERE attrelid = 'variants'::regclass AND attname = :name AND NOT attisdropped
    """, name=column)  # fmt: skip
    cause = HERE if column == "pieces" else f"{OLD.name} still runs, and asks for it: rename in two releases"
    look.expect(bool(found), f"variants has no column {column}", cause)
    return bool(found)


def _the_same(look: Look, connection: sa.Connection, where: str) -> None:
    apart = connection.scalar(sa.text("SELECT count(*) FROM variants WHERE stock IS DISTINCT FROM pieces"))
    look.seen += 1
    look.expect(apart == 0, f"{where} {apart} variant(s) have one number as stock and another as pieces",
                "a row that was there is not filled, or what one program writes does not reach the other")  # fmt: skip


SEEN = " wrote it: the two columns must follow each other, both ways"


def _together(look: Look, connection: sa.Connection, *programs: deployments.Program) -> None:
    """Let each program add a variant and sell of it, and the other ones see it; then take it all back."""
    attempt = connection.begin_nested()
    try:
        for number, writes in enumerate(programs):
            sku = f"TRY-{number}"
            writes.run(connection, "add", sku=sku, pieces=5)
            look.same("after a purchase of 5 pieces,", _shown(connection, programs, sku), [5], writes.name + SEEN)
            writes.run(connection, "move", sku=sku, pieces=-2)
            look.same("when 2 of 5 are sold,", _shown(connection, programs, sku), [3], writes.name + SEEN)
            look.seen += 2 * len(programs)
    except sa.exc.DBAPIError as refused:
        said = str(refused.orig).splitlines()[0]
        look.expect(False, f"a program that runs is refused: {said}", "both versions must work during the deployment")
    finally:
        attempt.rollback()


def _shown(connection: sa.Connection, programs: tuple[deployments.Program, ...], sku: str) -> set[int | None]:
    return {one.run(connection, "show", sku=sku) for one in programs}


def _while_open(look: Look) -> None:
    """Run the drafts in a fresh database with more rows, while people buy through the old program."""
    with beside.fresh(settings_of(look)) as place:
        with database.connect(place) as connection, connection.begin():
            connection.execute(sa.text(MORE), {"many": MANY})
        with deployments.Customers(place, OLD) as customers:
            went = _watched(look, place)
        look.seen += customers.served
        look.expect(not customers.failure, f"a customer of {OLD.name} was refused: {customers.failure}",
                    "the old program still runs while the new one is being deployed")  # fmt: skip
        if not went:
            return
        with database.connect(place) as connection:
            _the_same(look, connection, "in a fresh database, after people bought meanwhile,")
            _together(look, connection, OLD, NEW)
            _in_batches(look, connection)


def _in_batches(look: Look, connection: sa.Connection) -> None:
    """xmin is the transaction that wrote a row: count how many rows each wrote, and see that none made the column."""
    largest, with_column = connection.execute(_WRITTEN).one()
    look.seen += 1
    look.expect(largest <= LARGEST_BATCH, f"one transaction wrote {largest} variants and held their locks to its end",
                f"fill at most {LARGEST_BATCH} rows in a transaction: batches, in an autocommit_block()")  # fmt: skip
    look.expect(not with_column, f"the transaction that made the column also wrote {with_column} rows",
                "it locks the whole table to its end: fill the rows in a revision of their own")  # fmt: skip


_WRITTEN = sa.text("""
    WITH written AS (SELECT xmin::text AS by, count(*) AS rows FROM variants GROUP BY xmin::text)
    SELECT max(rows), (SELECT coalesce(sum(rows), 0) FROM written WHERE by IN (
        SELECT xmin::text FROM pg_attribute WHERE attrelid = 'variants'::regclass AND attname = 'pieces'
    )) FROM written
""")


def _watched(look: Look, place: Settings) -> bool:
    """Run the drafts, and note a fault for each statement that reads or rewrites the whole table while all wait.

    At the level DEBUG1 the server says when it does so: "verifying table", "rewriting table". Validating a rule is the
    one such statement that lets others go on, unless its own transaction took the strongest lock before.
    """
    options = {"options": "-c client_min_messages=debug1", "application_name": "alembic"}
    with database.connect(place, connect_args=options) as connection, database.connect(place) as observer:
        pid = connection.scalar(sa.text("SELECT pg_backend_pid()"))
        connection.rollback()
        now: dict[str, Any] = {}

        def before(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            locked = observer.scalar(_EXCLUSIVE, {"pid": pid})
            observer.rollback()
            now.update(statement=" ".join(statement.split()), locked=bool(locked))

        def heard(notice: psycopg.errors.Diagnostic) -> None:
            said = notice.message_primary or ""
            if said.startswith(('verifying table "variants"', 'rewriting table "variants"')):
                statement = str(now.get("statement"))
                if now.get("locked") or "VALIDATE CONSTRAINT" not in statement.upper():
                    look.expect(False, f"the server is {said} while everybody waits, for: {statement[:90]}",
                                "take the rule NOT VALID, validate it by itself, then SET NOT NULL")  # fmt: skip

        driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
        driver.add_notice_handler(heard)
        sa.event.listen(connection, "before_cursor_execute", before)

        def run(_: Settings) -> None:
            config = scratch.alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, "heads")

        return goes(look, "alembic upgrade", run, place)


_EXCLUSIVE = sa.text("""
    SELECT true FROM pg_locks
    WHERE pid = :pid AND relation = 'variants'::regclass AND mode = 'AccessExclusiveLock' AND granted
""")


# -- the old name goes -------------------------------------------------------------------------------------------------

_customers: dict[str, deployments.Customers] = {}  # by database: they buy until somebody ends their session


def _expanded(settings: Settings) -> None:
    for text in labs.solution(LAB, "expand").parts:
        scratch.write_as_declared(text)
    beside.upgrade(settings)
    _customers[str(settings.database_url)] = deployments.Customers(settings, OLD).start()


STILL_THERE = """
    SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = :name ORDER BY pid
"""


@exercise(_expanded)
def contract(look: Look) -> None:
    """No session of shop 1 is left, and none of its customers was refused; then stock is gone, pieces takes no null,
    and the way back gives shop 1 the numbers that shop 2 left."""
    before = _customers.get(str(settings_of(look).database_url))
    look.expect(before is not None, "nobody has bought anything yet", 'begin with lab.plant("contract")')
    if before:
        before.wait_for_the_next()
        look.seen += before.served
        left = look.values(STILL_THERE, name=OLD.name)
        look.expect(not left, f"{OLD.name} is still running: its session is process {', '.join(map(str, left))}",
                    "pg_stat_activity shows it; first the old program ends, then its column goes")  # fmt: skip
        look.expect(not before.failure, f"a customer of {OLD.name} was refused: {before.failure}",
                    "it was still running when its column went: plant the exercise again")  # fmt: skip
    _contracted(look)
    look.connection.rollback()
    if not look.faults:
        _there_and_back(look)
    judged(look)


def _contracted(look: Look) -> None:
    rules = look.rows("""
        SELECT attname::text, attnotnull, pg_get_expr(adbin, adrelid) FROM pg_attribute
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attrelid = 'variants'::regclass AND attname IN ('stock', 'pieces') AND NOT attisdropped
    """)
    look.same("column (name, not null, default)", map(tuple, rules), [("pieces", True, "0")], HERE)
    left = look.values("SELECT tgname FROM pg_trigger WHERE tgrelid = 'variants'::regclass AND NOT tgisinternal")
    left += look.values("""
        SELECT proname FROM pg_proc JOIN pg_language l ON l.oid = prolang
        WHERE pronamespace = 'public'::regnamespace AND lanname = 'plpgsql' AND prosrc ~* 'stock'
    """)
    look.expect(not left, f"still there: {', '.join(left)}", "what kept the two columns the same goes with the old one")
    if look.faults:
        return
    _together(look, look.connection, NEW)
    refused = refusal(look, lambda: OLD.run(look.connection, "add", sku="TRY", pieces=1))
    look.expect(
        'column "stock"' in refused, f"{OLD.name} is not refused: {refused or 'it works'}", "it must not run any more"
    )
    negative = look.values("""
        SELECT conname FROM pg_constraint WHERE conrelid = 'variants'::regclass AND contype = 'c' AND convalidated
        AND pg_get_constraintdef(oid) ~ 'pieces >= 0'
    """)
    look.expect(
        bool(negative), "no validated rule says that pieces is not negative", "stock had one; it went with the column"
    )
    nulls = look.values("""
        SELECT conname FROM pg_constraint WHERE conrelid = 'variants'::regclass AND contype = 'c'
        AND pg_get_constraintdef(oid) ~ 'IS NOT NULL'
    """)
    look.expect(not nulls, f"the helping constraint {', '.join(nulls)} is left", "drop it when NOT NULL stands")


def _there_and_back(look: Look) -> None:
    """Contract a fresh database, sell there by the new program, go back, and see that the old one knows of it."""
    expanded = scratch.declared(labs.solution(LAB, "expand").parts[-1])
    with beside.fresh(settings_of(look)) as place:
        beside.move(place, command.upgrade, expanded)
        if not _watched(look, place):
            return
        with database.connect(place) as connection, connection.begin():
            NEW.run(connection, "add", sku="SOLD", pieces=9)
            NEW.run(connection, "move", sku="SOLD", pieces=-2)
        if not goes(
            look, f"alembic downgrade {expanded}", lambda one: beside.move(one, command.downgrade, expanded), place
        ):
            return
        with database.connect(place) as connection:
            _the_same(look, connection, "after the downgrade")
            _together(look, connection, OLD, NEW)


# -- a long transaction ------------------------------------------------------------------------------------------------

IMPORT = """
    INSERT INTO reviews (product_id, author, rating, body, reviewed_on)
    VALUES (1, 'import', 4, 'Came with the import', '2026-11-20')
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_reviews_reviewed_on')"
REVIEWER = "UPDATE reviews SET title = title WHERE id = 1"
HELD = 2.5  # seconds for which the import goes on after the release has met it
PATIENCE = 1.0  # seconds that one who writes a review may be made to wait


@exercise(lambda _: draft("draft_newest_reviews"))
def queue(look: Look) -> None:
    """The index is there, and whoever writes a review while an import keeps the release waiting waits for at most a
    second; the import comes to its end."""
    look.same("ix_reviews_reviewed_on, valid:", look.values(VALID), [True], HERE)
    look.connection.rollback()
    with beside.fresh(settings_of(look)) as place:
        _met_by_an_import(look, place)
    faithful(look, "draft_newest_reviews")


def _met_by_an_import(look: Look, place: Settings) -> None:
    with deployments.held(place, "import", IMPORT) as importing:
        release, raised = deployments.in_background(beside.upgrade, place)
        met = time.monotonic() + 30
        while time.monotonic() < met and release.is_alive() and "import" not in set(deployments.queue(place).waits_for):
            time.sleep(deployments.PAUSE)
        waited = _longest_wait(place, time.monotonic() + HELD)
        look.seen += 1
        look.expect(waited <= PATIENCE,
                    f"who wrote a review waited for {waited:.1f} s, behind a release that waited for an import",
                    "who waits for a lock stops all behind it: a short lock_timeout, or op.build_index")  # fmt: skip
        look.expect(deployments.alive(importing), "the import was ended", "its work is lost, and it did nothing wrong")
    release.join(timeout=60)
    if raised:  # it gave up in time, and the deployment tries once more, now that the import is through
        goes(look, "alembic upgrade, when the import is through,", beside.upgrade, place)
    with database.connect(place) as connection:
        valid = connection.scalars(sa.text(VALID)).all()
    look.same("in a fresh database ix_reviews_reviewed_on, valid:", valid, [True], "the draft does not build it")


def _longest_wait(place: Settings, until: float) -> float:
    """Write reviews until then, and return for how many seconds, by pg_locks, one of the writers was kept waiting."""
    longest = 0.0
    while time.monotonic() < until:
        writer = deployments.begin(place, "reviewer", REVIEWER)
        while writer.is_alive() and time.monotonic() < until:
            seen = deployments.queue(place)
            longest = max([longest, *seen.seconds[seen.who == "reviewer"].dropna()])
            writer.join(timeout=0.1)
    return longest


# -- the gate ----------------------------------------------------------------------------------------------------------

# What is wrong on each branch: the gate must be red for it, and for nothing else.
BRANCHES = {
    "two_heads": "two drafts stand on the same revision",
    "empty_downgrade": "a downgrade does nothing",
    "no_revision": "the models ask for a column that no revision makes",
    "no_way_back": "a draft that is not the last one cannot be undone",
    "clean": "",
}


def texts(branch: str) -> list[str]:
    """Return the drafts of a branch, standing on the chain's last revision."""
    names = sorted(path.stem for path in (labs.PLANTED / LAB / branch).glob("*.py"))
    return [planted(LAB, f"{branch}/{name}") for name in names]


def wish() -> None:
    """Let a copy of the models ask for users.last_login."""
    scratch.copy_models("people").replace(BEFORE_PROFILE, LAST_LOGIN + BEFORE_PROFILE)


def _all_at_once(_: Settings) -> None:
    """One branch with all four faults, its drafts one on top of the other, up to the two heads."""
    head, below = chain.steps()[-1].name, chain.steps()[-1].name
    for branch in ("empty_downgrade", "no_way_back"):
        for text in texts(branch):
            below = scratch.write_as_declared(text.replace(head, below)).stem
    for text in texts("two_heads"):
        scratch.write_as_declared(text.replace(head, below))
    wish()


@exercise(_all_at_once, kept_as=GATE)
def gate(look: Look) -> None:
    """backend/scratch/gate.sh holds the commands of a gate: green for a branch without a fault, red for each of four
    branches that have one."""
    lines = [line for line in scratch.kept(GATE).splitlines() if line.strip() and not line.startswith("#")]
    look.expect(bool(lines), f"there is no command in backend/scratch/{GATE}", "write them behind %%solve gate")
    look.connection.rollback()
    for branch, fault in BRANCHES.items() if lines else ():
        with _checked_out(branch), beside.fresh(settings_of(look)) as place:
            red, said = _stopped_at(place, lines)
        look.seen += 1
        if fault:
            look.expect(bool(red), f"the gate is green for {branch}: {fault}", "no command of the gate looks at this")
        else:
            look.expect(not red, f"the gate is red for a branch without a fault, at `{red}`: {said}",
                        "a gate that stops good work is taken away; mind the order")  # fmt: skip


@contextlib.contextmanager
def _checked_out(branch: str) -> Iterator[None]:
    """Let a folder with the drafts and models of a branch stand for backend/scratch."""
    usual = os.environ.get("WORKSHOP_SCRATCH")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["WORKSHOP_SCRATCH"] = str(Path(folder).resolve())
        try:
            for text in texts(branch):
                scratch.write_as_declared(text)
            if branch in ("no_revision", "clean"):
                wish()
            yield
        finally:
            os.environ.pop("WORKSHOP_SCRATCH")
            if usual is not None:
                os.environ["WORKSHOP_SCRATCH"] = usual


def _stopped_at(place: Settings, lines: list[str]) -> tuple[str, str]:
    """Run the commands until one fails; return it with the last line that it printed, or two empty texts."""
    for line in lines:
        program, _, words = line.partition(" ")
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                terminal.run(place, program, words, drafts=True)
        except terminal.CommandFailedError as error:
            return line, (printed.getvalue().strip().splitlines() or [str(error)])[-1]
    return "", ""
