"""Labs: notebooks that stand on head, in which the learner repairs what is broken.

    lab = workshop.lab("lab_roll_back_and_repair")   # a database at head, as a plain upgrade leaves it
    lab.plant("two_heads")                           # break it, for real
    lab.look("two_heads")                            # the exercise's check, shown and not enforced: red
    %%solve two_heads                                # the learner's repair, or dots for the workshop's
    lab.check("two_heads")                           # green, or it raises and says why
    lab.finish()                                     # all repaired, head again, no draft left

A lab is a module here of the notebook's name; line 1 of its docstring is the title. An exercise is a function under
`@exercise`: its docstring is the promise, its body looks at the database. Its repair stands in
solutions/<lab>/<exercise> as SQL, as a draft of a revision, or as the commands to type.
"""

from __future__ import annotations

import html
import importlib
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import chain, checks, record, scratch, server, steps, terminal
from workshop.checks import Report

SOLUTIONS = Path(__file__).parent / "solutions"
HEAD = "{head}"  # in a solution: the name of the chain's last revision, whichever it is today
PORT = "{port}"  # in a solution: the port at which the database is


class LabError(ExplainedError):
    """An exercise does not exist, is not repaired, or the lab was left unfinished."""


@dataclass(frozen=True)
class Exercise:
    """Something broken: how it is broken, and how one sees that it is repaired.

    plant: breaks the database; promise: looks at it, as a promise of a step does.
    """

    name: str
    plant: Callable[[Settings], None]
    promise: checks.Promise

    @property
    def sentence(self) -> str:
        return " ".join((self.promise.__doc__ or self.name).split()).rstrip(".")


def exercise(plant: Callable[[Settings], None]) -> Callable[[checks.Promise], Exercise]:
    """Make an exercise of the function that checks its repair."""
    return lambda promise: Exercise(promise.__name__, plant, promise)


def exercises(lab: str) -> dict[str, Exercise]:
    """Return a lab's exercises by name, in the order in which they are written."""
    module = importlib.import_module(f"workshop.labs.{lab}")
    return {name: one for name, one in vars(module).items() if isinstance(one, Exercise)}


@dataclass(frozen=True)
class Solution:
    """The workshop's own repair of an exercise.

    path: a file of SQL (.sql), a draft of a revision (.py), or commands as one types them in backend/ (.sh).
    """

    path: Path

    @property
    def text(self) -> str:
        text = self.path.read_text(encoding="utf-8").replace(HEAD, chain.steps()[-1].name).rstrip() + "\n"
        if PORT in text:
            text = text.replace(PORT, str(server.ensure().database_url.port or 5432))
        return text

    def _repr_html_(self) -> str:
        return f"<details><summary>One way to do it</summary><pre>{html.escape(self.text)}</pre></details>"

    def __str__(self) -> str:
        return self.text


@dataclass
class Lab:
    """The state of one lab's notebook.

    name: which lab; settings: whose database; kept, drafts: the database and the folder in which the learner's earlier
    state and drafts were set aside.
    """

    name: str
    settings: Settings
    kept: str | None = None
    drafts: Path | None = None
    repaired: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        said = f"{self.name}: the database is at {steps.current(self.settings)}, as a plain upgrade leaves it."
        said += steps.said_of(self.kept)
        if self.drafts:
            said += f" Your drafts are kept in backend/scratch/{self.drafts.name}."
        return said

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"

    def exercise(self, name: str) -> Exercise:
        """Return an exercise.

        Raises:
            LabError: the lab has none of that name.
        """
        known = exercises(self.name)
        if name not in known:
            raise LabError(f'This lab has no exercise called "{name}". It has: {", ".join(known)}.')
        return known[name]

    def plant(self, name: str) -> str:
        """Begin an exercise: the database is brought to head, as new, and then broken."""
        one = self.exercise(name)
        _afresh(self.settings)
        one.plant(self.settings)
        return f"Broken: {name}. It is repaired when this holds: {one.sentence}."

    def look(self, name: str) -> Report:
        """Return what an exercise's check says now; nothing is enforced."""
        with database.connect(self.settings) as connection:
            return Report(self.name, (checks.judge(self.exercise(name).promise, connection),))

    def check(self, name: str) -> Report:
        """Return the green report of an exercise, and note it in the learner's record.

        Raises:
            CheckFailedError: it is not repaired; with what is still wrong and the likely cause.
        """
        report = self.look(name)
        report.require()
        self.repaired.add(name)
        record.repaired(self.name, name)
        return report

    def solution(self, name: str) -> Solution:
        """Return the workshop's repair, folded away."""
        self.exercise(name)
        [path] = (SOLUTIONS / self.name).glob(f"{name}.*")
        return Solution(path)

    def solve(self, name: str, text: str = "...") -> None:
        """Carry out the learner's repair, or the workshop's own when the learner left the dots."""
        solution = self.solution(name)
        if _only_dots(text):
            print(f"The dots stand for the workshop's own repair:\n\n{solution.text}")
            text = solution.text
        if solution.path.suffix == ".sql":
            with database.connect(self.settings) as connection, connection.begin():
                connection.exec_driver_sql(text)
        elif solution.path.suffix == ".py":
            path = scratch.write(scratch.declared(text), text)
            print(f"Written: backend/scratch/{path.name} (git ignores it)")
        else:
            for line in text.splitlines():
                if line.strip() and not line.startswith("#"):
                    program, *words = shlex.split(line)
                    terminal.run(self.settings, program, shlex.join(words), drafts=True)

    def fresh(self) -> str:
        """Throw away what this lab did and begin again at head."""
        _afresh(self.settings)
        return f"The database is at {chain.steps()[-1].name}, as a plain upgrade leaves it; no draft is left."

    def finish(self) -> Report:
        """Assert that every exercise was repaired, and leave the database at head, as new.

        Raises:
            LabError: naming the exercises that were not seen green.
        """
        missing = [name for name in exercises(self.name) if name not in self.repaired]
        if missing:
            raise LabError(f'Not repaired yet: {", ".join(missing)}. Run the cells with lab.check("...") of each.')
        _afresh(self.settings)
        with database.connect(self.settings) as connection:
            report = checks.run(chain.steps()[-1], connection)
        report.require()
        return report


def begin(name: str) -> Lab:
    """Begin a lab: the learner's state is set aside, and the database is brought to head by a plain upgrade.

    Raises:
        LabError: no lab goes by this name.
    """
    if name not in chain.LABS:
        raise LabError(f'No lab is called "{name}". There are: {", ".join(chain.LABS)}.')
    settings = server.ensure()
    kept = steps.goto(settings, chain.steps()[-1])
    return Lab(name, settings, kept, scratch.set_aside())


def _afresh(settings: Settings) -> None:
    scratch.clear()
    steps.goto(settings, chain.steps()[-1], keep=False)


def _only_dots(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "--"))]
    return "".join(lines).strip() in ("", "...")
