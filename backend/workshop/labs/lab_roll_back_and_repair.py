"""Lab: roll back and repair"""

from __future__ import annotations

import socket

import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from shop import database, settings
from shop.settings import Settings
from workshop import beside, chain, checks, scratch, steps
from workshop.checks import Look
from workshop.labs import LabError, exercise
from workshop.labs.looks import as_the_models

BEHIND = "0003_seed_catalog"  # where the database of stamped_ahead really is
ADDRESS = "deploy.env"
WHICH = "SELECT current_database(), oid FROM pg_database WHERE datname = current_database()"
PORTS = (5433, 5439, 6432, 6543, 54321)  # one of them is the wrong port of connection_refused

# -- the drafts that break the database; a learner meets them as files of colleagues ---------------------------------

DRAFT = '''"""{title}

Revision ID: {name}
Revises: {below}
"""

import sqlalchemy as sa
from alembic import op

revision: str = "{name}"
down_revision: str | None = "{below}"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    {upgrade}


def downgrade() -> None:
    {downgrade}
'''


def _draft(name: str, title: str, upgrade: str, downgrade: str) -> None:
    below = chain.steps()[-1].name
    text = DRAFT.format(name=name, title=title, below=below, upgrade=upgrade, downgrade=downgrade)
    scratch.write(name, text)


def _column(name: str, table: str, column: str, comment: str) -> None:
    """Write a draft that adds a column of text to a table."""
    _draft(
        name,
        f"Add {column} to {table}",
        f'op.add_column("{table}", sa.Column("{column}", sa.Text, comment="{comment}"))',
        f'op.drop_column("{table}", "{column}")',
    )


def _two_drafts(_: Settings) -> None:
    _column("add_care_label", "products", "care_label", "How to wash it")
    _column("add_pickup_note", "users", "pickup_note", "What the courier should know")


def _half_a_draft(_: Settings) -> None:
    _draft(
        "add_shipping_weight",
        "Add the shipping weight of each variant",
        'op.add_column("variants", sa.Column("grams", sa.Integer, comment="What the parcel weighs"))\n'
        '    op.alter_column("variants", "grams", nullable=False)',
        'op.drop_column("variants", "grams")',
    )


def _one_step_back(place: Settings) -> None:
    steps.downgrade(place, "-1")


def _draft_that_went(place: Settings) -> None:
    _column("add_gift_note", "products", "gift_note", "What stands on the card")
    beside.upgrade(place)
    scratch.hand_to_colleague("add_gift_note")


def _wrong_port(place: Settings) -> None:
    url = place.database_url
    host = url.host or "localhost"
    port = next((one for one in PORTS if one != url.port and _refused(host, one)), None)
    if port is None:
        tried = ", ".join(map(str, PORTS))
        raise LabError(f"No port of {host} refuses a connection (tried: {tried}), so this exercise has no wrong one.")
    scratch.write_address(ADDRESS, url.set(port=port))


def _refused(host: str, port: int) -> bool:
    """Tell whether nobody listens there, so that the learner's error is the one that the exercise is about."""
    try:
        socket.create_connection((host, port), timeout=2).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


def _stamp_too_far(place: Settings) -> None:
    steps.goto(place, BEHIND, keep=False)
    beside.move(place, command.stamp, "head")


# -- what is looked at -----------------------------------------------------------------------------------------------


def _versions(look: Look) -> list[str]:
    return [str(name) for name in look.values("SELECT version_num FROM public.alembic_version ORDER BY version_num")]


def _has_column(look: Look, table: str, column: str) -> bool:
    found = look.values(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(:table) AND attname = :column AND attnum > 0",
        table=f"public.{table}",
        column=column,
    )
    return bool(found)


def _like_a_plain_upgrade(look: Look) -> None:
    """Head in alembic_version, what the last step promises, and what the models say."""
    head = chain.steps()[-1].name
    look.same(
        "row of alembic_version", _versions(look), [head], "this is what Alembic believes: `alembic current` shows it"
    )
    report = checks.run(chain.steps()[-1], look.connection)
    look.seen += sum(result.seen for result in report.results)
    look.expect(
        report.kept,
        f"promises of {head}: {report.summary()}",
        "the work of the last revision is not there, or not all of it: stamping runs nothing",
    )
    as_the_models(look)


@exercise(_two_drafts)
def two_heads(look: Look) -> None:
    """Both drafts are applied, and one revision stands on top of both."""
    heads = ScriptDirectory.from_config(scratch.alembic_config()).get_heads()
    look.expect(
        len(heads) == 1,
        f"the scripts have {len(heads)} heads: {', '.join(sorted(heads))}",
        "both drafts stand on the same revision: a revision with both of them below it is missing",
    )
    look.same("row of alembic_version", _versions(look), heads, "the database is not at the head of the scripts")
    for table, column in (("products", "care_label"), ("users", "pickup_note")):
        look.expect(
            _has_column(look, table, column),
            f"{table}.{column} is not there",
            "its draft was not applied; a draft that is deleted is work that is lost",
        )


@exercise(_half_a_draft)
def fails_half_way(look: Look) -> None:
    """The draft is applied: every variant has a weight above 0, and the column takes no null."""
    look.same("row of alembic_version", _versions(look), ["add_shipping_weight"], "the draft was not applied")
    if not _has_column(look, "variants", "grams"):
        look.expect(
            False, "variants.grams is not there", "the second statement failed, and the first was rolled back with it"
        )
        return
    nullable = look.values(
        "SELECT NOT attnotnull FROM pg_attribute WHERE attrelid = 'variants'::regclass AND attname = 'grams'"
    )
    look.expect(nullable == [False], "variants.grams takes null", "the rule was taken out instead of being met")
    [empty] = look.values("SELECT count(*) FROM variants WHERE grams IS NULL OR grams <= 0")
    look.expect(empty == 0, f"{empty} variants have no weight above 0", "the rows that were there were not filled")


@exercise(_one_step_back)
def behind(look: Look) -> None:
    """The database is at the last revision of the chain, with all that the chain makes."""
    _like_a_plain_upgrade(look)


@exercise(_draft_that_went)
def lost_revision(look: Look) -> None:
    """The database is at the last revision of the chain, and nothing of the lost draft is left in it."""
    look.same(
        "row of alembic_version",
        _versions(look),
        [chain.steps()[-1].name],
        "the draft counts as applied, and only its own file knows how to undo it",
    )
    look.expect(
        not _has_column(look, "products", "gift_note"),
        "products.gift_note is still there",
        "the draft's downgrade did not run; stamping changes what Alembic believes and not what is there",
    )


@exercise(_wrong_port)
def connection_refused(look: Look) -> None:
    """The address in deploy.env leads to this database, and to no other."""
    here = look.rows(WHICH)
    versions = _versions(look)
    try:
        place = settings.load({}, scratch.folder() / ADDRESS)
        with database.connect(place) as connection:
            there = connection.execute(sa.text(WHICH)).all()
            look.same("the address leads to", there, here, "it is the address of another database")
            if there == here:
                found = steps.revision_of(connection)
                look.expect(found == ", ".join(versions), f"it is at {found}", "it is the address of another server")
    except (database.DatabaseError, settings.SettingsError) as error:
        look.expect(False, str(error), f"the address in backend/scratch/{ADDRESS} is wrong, or no server runs there")


@exercise(_stamp_too_far)
def stamped_ahead(look: Look) -> None:
    """The database holds what alembic_version says: all that the chain makes."""
    _like_a_plain_upgrade(look)
