"""`workshop psql`: PostgreSQL's own terminal on the workshop's database, without an address to copy.

The address goes to psql in the environment: on the command line every user of the machine could read the password.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

import sqlalchemy as sa
from psycopg import pq

from shop.errors import ExplainedError
from shop.settings import Settings
from workshop.server import place, runtime


class NoPsqlError(ExplainedError):
    """There is no psql here, or the address cannot be given to it."""


def program(settings: Settings) -> str:
    """Return where psql is: the embedded server's own for that server, else the one on the PATH.

    Raises:
        NoPsqlError: there is none.
    """
    ours = runtime.existing(place.base())
    if settings.embedded and ours:
        return ours.program("psql")
    found = shutil.which("psql")
    if found is None and ours:
        return ours.program("psql")  # better an older one than none
    if found is None:
        raise NoPsqlError(
            "There is no psql on this machine: on Debian and Ubuntu `sudo apt-get install postgresql-client`; for a "
            "server in a container `docker compose exec db psql -U workshop workshop`."
        )
    return found


def environment(url: sa.URL) -> dict[str, str]:
    """Return the variables by which libpq finds the database of an address: PGHOST, PGPASSWORD and their kin.

    Raises:
        NoPsqlError: the address holds an option for which libpq reads no variable.
    """
    _, options = url.get_dialect()().create_connect_args(url)
    known = {one.keyword.decode(): one.envvar.decode() for one in pq.Conninfo.get_defaults() if one.envvar}
    variables = {}
    for name, value in options.items():
        variable = known.get(name)
        if variable is None:
            raise NoPsqlError(f"The option {name} in DATABASE_URL cannot be given to psql: take it out of the address.")
        variables[variable] = str(value)
    return variables


def run(settings: Settings, words: Sequence[str], environ: Mapping[str, str] | None = None) -> NoReturn:
    """Become psql, with these words as its arguments; its exit status is ours.

    Raises:
        NoPsqlError: there is no psql, or the address cannot be given to it.
    """
    command = [program(settings), *words]
    variables = {**(os.environ if environ is None else environ), **environment(settings.database_url)}
    if os.name == "nt":  # exec would return to the shell at once
        sys.exit(subprocess.run(command, env=variables, check=False).returncode)
    os.execve(command[0], command, variables)  # noqa: S606  there is no shell on purpose
