"""The `workshop` command."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping
from typing import Any

import click

import workshop
from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from shop.settings import load as load_settings
from workshop import chain, checks, doctor, psql, record, room, scratch, server, steps, xray
from workshop.chain import BASE
from workshop.review.command import review


class Commands(click.Group):
    """Shows an error that was written for the reader as one paragraph, without a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ExplainedError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Walk a real shop's Alembic revisions, one at a time."""


def named_database(command: Callable[..., None]) -> Callable[..., None]:
    text = "Name the database, when it is not one of the workshop's and you mean it."
    return click.option("--database", "named", metavar="NAME", help=text)(command)


# -- the server ----------------------------------------------------------------------------------------------------


@main.command("doctor")
@click.option("--retry-graph", is_flag=True, help="First try again to get Apache AGE.")
def doctor_command(retry_graph: bool) -> None:
    """Check everything the workshop needs, one line each, with what to do about it."""
    if retry_graph:
        server.EmbeddedServer().retry_graph()
    lines = doctor.checks()
    for line in lines:
        mark = {True: "ok  ", None: "note", False: "FAIL"}[line.ok]
        click.echo(f"{mark}  {line.name}: {line.what}")
        if line.ok is not True and line.mend:
            click.echo(f"      -> {line.mend}")
    sys.exit(any(line.ok is False for line in lines))


@main.command()
def start() -> None:
    """Start the workshop's own PostgreSQL and write its address to backend/.env."""
    settings = server.ensure()
    whose = "the workshop's own server" if settings.embedded else "your server; nothing was started"
    click.echo(f"{settings.database_url.render_as_string()} answers ({whose}).")


@main.command()
@click.option("--and-remove-data", "remove", is_flag=True, help="Remove its databases for good.")
def stop(remove: bool) -> None:
    """Stop the workshop's own PostgreSQL; the data stays."""
    click.echo("Stopped." if server.stop_ours(remove=remove) else "It was not running.")


@main.command("psql", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def psql_command(words: tuple[str, ...]) -> None:
    """Open psql on the database; WORDS go to psql: workshop psql -c "select 1"."""
    psql.run(server.ensure(), words)


# -- the database --------------------------------------------------------------------------------------------------


@main.command()
def status() -> None:
    """Show where the database is, what was kept, and your progress."""
    settings = server.ensure()
    with database.connect(settings) as connection:
        seen = xray.snapshot(connection)
    click.echo(f"database     {settings.database_url.render_as_string()}")
    click.echo(f"revision     {seen.revision or BASE}")
    click.echo(f"fingerprint  {seen.fingerprint[:12]}")
    _show_filled(settings)
    for one in steps.kept(settings):
        click.echo(f"kept         {one.name} at {one.revision} (workshop return {one.name.rpartition('_')[2]})")
    for path in scratch.drafts():
        click.echo(f"draft        {path.name}")
    click.echo("")
    click.echo(str(workshop.so_far()))


@main.command()
def refresh() -> None:
    """Have the model read what came or changed after the revisions ran."""
    from workshop import refresh as refreshing  # numpy takes its time; as below

    settings = server.ensure()
    states = list(refreshing.refresh(settings))
    for state in states:
        click.echo(f"{state}{'' if state.complete else ': refreshed'}")
    if not states:
        click.echo(f"No revision up to {steps.current(settings)} has a model fill a table.")


def _show_filled(settings: Settings) -> None:
    from workshop import refresh as refreshing

    try:
        for state in refreshing.states(settings):
            click.echo(f"by a model   {state}" + ("" if state.complete else " (workshop refresh)"))
    except refreshing.RefreshError as error:
        click.echo(f"by a model   {error} (workshop check)")


@main.command()
@click.argument("target", default="head")
def upgrade(target: str) -> None:
    """Upgrade to TARGET (a step, +1 or head) and show what changed."""
    _show_change(lambda settings: steps.upgrade(settings, _revision(target)))


@main.command()
@click.argument("target")
@named_database
def downgrade(target: str, named: str | None) -> None:
    """Downgrade to TARGET (a step, -1 or base) and show what changed. Put -- before -1."""

    def act(settings: Settings) -> None:
        steps.require_workshop(settings, named)
        steps.downgrade(settings, _revision(target))

    _show_change(act)


@main.command()
@click.argument("step")
@named_database
def goto(step: str, named: str | None) -> None:
    """Jump to the state right after STEP ("base": empty); what you changed is kept."""
    settings = server.ensure()
    name = BASE if step == BASE else chain.find(step).name
    jump = steps.goto(settings, name, named=named)
    click.echo(f"The database is at {steps.current(settings)}. {jump}".strip())


@main.command("return")
@click.argument("number")
def return_command(number: str) -> None:
    """Bring back what was kept under NUMBER; the present state is kept in its turn."""
    settings = server.ensure()
    kept = steps.bring_back(settings, number)
    click.echo(f"The database is at {steps.current(settings)}." + (f" The other state is {kept}." if kept else ""))


@main.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--progress", is_flag=True, help="Forget the progress, too.")
@named_database
def reset(yes: bool, progress: bool, named: str | None) -> None:
    """Empty the database and remove your drafts. What is in it is gone; what was kept stays."""
    settings = server.ensure()
    steps.require_workshop(settings, named)
    if not yes:
        drafts = ", ".join(path.name for path in scratch.drafts())
        click.confirm(
            f"Empty the database {settings.database_url.database}"
            + f" and remove the drafts {drafts}" * bool(drafts)
            + "?",
            abort=True,
        )
    try:
        steps.leave_drafts(settings)
    except steps.StepError as error:
        click.echo(f"A draft could not be undone; the database is emptied all the same. ({error})")
    steps.reset(settings, named=named)
    scratch.clear()
    if progress:
        record.forget()
    click.echo(f"The database {settings.database_url.database} is empty.")


@main.command()
@click.argument("step", required=False)
def check(step: str | None) -> None:
    """Compare the database with what STEP promises (default: the step it is at)."""
    settings = server.ensure()
    wanted = chain.find(step or steps.current(settings))
    with database.connect(settings) as connection:
        report = checks.run(wanted, connection)
    click.echo(str(report))
    sys.exit(not report.kept)


@main.command()
@click.option("--fetch", metavar="NAME", help="Bring a draft that is out of sight back to where Alembic sees it.")
def drafts(fetch: str | None) -> None:
    """List your drafts, and those that Alembic does not see: set aside, or a colleague's."""
    if fetch:
        click.echo(f"Fetched: backend/scratch/{scratch.fetch(fetch).name}")
    for path in scratch.drafts():
        click.echo(f"in sight      {path.name}")
    for path in scratch.elsewhere():
        click.echo(f"out of sight  {path.parent.name}/{path.name}")
    if not scratch.drafts() and not scratch.elsewhere():
        click.echo("There are none.")


@main.command()
@click.argument("file")
@click.option("--host", help="Write another host into it.")
@click.option("--port", type=click.IntRange(1, 65535), help="Write another port into it.")
@click.option("--name", help="Write the name of another database into it.")
def address(file: str, host: str | None, port: int | None, name: str | None) -> None:
    """Show the address in FILE (of backend/scratch) with the password masked, or change a part of it."""
    url = load_settings({}, scratch.address_file(file)).database_url
    if host or port or name:
        url = url.set(host=host or url.host, port=port or url.port, database=name or url.database)
        scratch.write_address(file, url)
    click.echo(f"backend/scratch/{file}: {url.render_as_string()}")


@main.group("azure-double")
def azure_double_commands() -> None:
    """A throwaway database that stands in for Azure; nothing leaves this machine."""


@azure_double_commands.command("begin")
@click.argument("step")
def begin_double(step: str) -> None:
    """Make the stand-in for Azure anew, at the revision before STEP."""
    from workshop import azure_double

    click.echo(str(azure_double.begin(step)))
    click.echo("Next: workshop azure-double alembic upgrade +1")


@azure_double_commands.command("alembic", context_settings={"ignore_unknown_options": True})
@click.argument("words", nargs=-1, required=True, type=click.UNPROCESSED)
def alembic_on_double(words: tuple[str, ...]) -> None:
    """Run `AI_PROVIDER=azure alembic WORDS` on the stand-in for Azure, and show what changed."""
    from workshop import azure_double, terminal

    settings = server.ensure()
    azure_double.environment(settings)  # it must be there
    before = azure_double.look(azure_double.place(settings))
    terminal.run(settings, "alembic", shlex.join(words), stand_in=True)
    click.echo(str(xray.compare(before, azure_double.look(azure_double.place(settings)))))


@azure_double_commands.command("drop")
def drop_double() -> None:
    """Drop the stand-in for Azure."""
    from workshop import azure_double

    click.echo(azure_double.drop(server.ensure()))


@main.group("room")
def room_commands() -> None:
    """A room of learners on one server: DATABASE_URL names its administrator."""


@room_commands.command("add")
@click.argument("names", nargs=-1, required=True)
@click.option("--host", help="The server as the learners' machines reach it.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port as the learners' machines reach it.")
def add_to_room(names: tuple[str, ...], host: str | None, port: int | None) -> None:
    """Make a role and a database for each of NAMES, and print the addresses: once, passwords are kept nowhere."""
    settings = server.ensure()
    for name in names:
        seat = room.add(settings, name, host, port)
        click.echo(f"{name}  DATABASE_URL={seat.url.render_as_string(hide_password=False)}")
        _say_missing(seat.missing)


@room_commands.command("list")
def list_room() -> None:
    """Show each learner's revision, open sessions and size."""
    listed = room.learners(server.ensure())
    width = max((len(one.name) for one in listed), default=0)
    for one in listed:
        click.echo(f"{one.name:{width}}  {one.revision:32}  {one.sessions:2} session(s)  {one.megabytes:4} MB")
    if not listed:
        click.echo("The room is empty: workshop room add NAME ...")


@room_commands.command("reset")
@click.argument("names", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="End the learner's sessions.")
def reset_in_room(names: tuple[str, ...], force: bool) -> None:
    """Empty the databases of NAMES; the addresses stay as they are."""
    settings = server.ensure()
    for name in names:
        _say_missing(room.reset(settings, name, force))
        click.echo(f"The database of {name} is empty.")


@room_commands.command("remove")
@click.argument("names", nargs=-1, required=True)
@click.option("--force", is_flag=True, help="End the learner's sessions.")
def remove_from_room(names: tuple[str, ...], force: bool) -> None:
    """Remove the databases and the roles of NAMES for good."""
    settings = server.ensure()
    for name in names:
        room.remove(settings, name, force)
        click.echo(f"{name} is removed.")


def _say_missing(missing: Mapping[str, str]) -> None:
    for extension, reason in missing.items():
        click.echo(f"  without the extension {extension}: {reason}")


@main.command("walk")
@click.option("--short", is_flag=True, help="The short path only.")
@click.option("--only", metavar="STEP", help="One notebook only.")
def walk_command(short: bool, only: str | None) -> None:
    """Run the notebooks themselves, in order, each in a fresh kernel, on a database of their own."""
    from workshop import walk  # nbformat alone takes a second or two to import, and no other command needs it

    settings = server.ensure()
    paths = [path for path in walk.notebooks(short) if not only or path.stem.startswith(only)]
    if not paths:
        raise click.ClickException(f'No notebook is called "{only}".')
    lost = walk.out_of_reach(settings, paths)
    paths = [path for path in paths if path not in lost]
    width = max((len(path.stem) for path in paths), default=0)
    click.echo(f"{'step':{width}}  seconds  {'checks':11}  what changed")
    failure = ""
    for walked in walk.walk(settings, paths):
        click.echo(f"{walked.name:{width}}  {walked.seconds:7.1f}  {walked.checks or '-':11}  {walked.changed or '-'}")
        failure = walked.failure
    if failure:
        raise click.ClickException(failure)
    click.echo(f"{len(paths)} notebook(s) walked; executed copies are in build/notebooks.")
    if lost:
        names = ", ".join(path.stem for path in lost)
        click.echo(f"Left out, as the server lacks an extension that they need (`workshop doctor` says more): {names}.")


main.add_command(review)


def _revision(target: str) -> str:
    special = target in (BASE, "head", "heads") or target[:1] in "+-"
    return target if special else chain.find(target).name


def _show_change(act: Callable[[Settings], None]) -> None:
    settings = server.ensure()
    with database.connect(settings) as connection:
        before = xray.snapshot(connection)
    act(settings)
    with database.connect(settings) as connection:
        after = xray.snapshot(connection)
    click.echo(str(xray.compare(before, after)))
    click.echo(f"The database is at {after.revision or BASE}.")


if __name__ == "__main__":
    main()
