"""Labs: notebooks that stand on head, in which the learner repairs what is broken.

    lab = workshop.lab("lab_roll_back_and_repair")   # a database at head, as a plain upgrade leaves it
    lab.plant("two_heads")                           # break it, for real
    lab.look("two_heads")                            # the exercise's check, shown and not enforced: red
    %%solve two_heads                                # the learner's repair, or dots for the workshop's
    lab.check("two_heads")                           # green, or it raises and says why
    lab.finish()                                     # all repaired, head again, no draft left

A lab is a module here of the notebook's name; line 1 of its docstring is the title. An exercise is a function under
`@exercise`: its docstring is the promise, its body looks at the database. Its repair stands in
solutions/<lab>/<exercise> as SQL, as a draft of a revision, or as the commands to type; one that takes several of these
stands in <exercise>.1.py, <exercise>.2.sh and so on. A repair that is a file itself, such as the commands of a gate, is
kept under the name that the exercise gives it. The drafts that break things stand in planted/<lab>.
"""

from __future__ import annotations

import html
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shop import database
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import beside, chain, checks, record, scratch, server, steps, terminal
from workshop.checks import Report
from workshop.steps import Jump
from workshop.xray import Difference

SOLUTIONS = Path(__file__).parent / "solutions"
PLANTED = Path(__file__).parent / "planted"
PROGRAMS = ("alembic", "workshop", "python")  # what a line of commands can begin with
_SQL = r"\s*(alter|comment|create|delete|do|drop|insert|merge|select|set|truncate|update|with)\b"


class LabError(ExplainedError):
    """An exercise does not exist, is not repaired, or the lab was left unfinished."""


@dataclass(frozen=True)
class Exercise:
    """Something broken: how it is broken, and how one sees that it is repaired.

    plant: breaks the database; promise: looks at it, as a promise of a step does; kept_as: the file of backend/scratch
    that the repair is, when it is a file and nothing to be carried out.
    """

    name: str
    plant: Callable[[Settings], None]
    promise: checks.Promise
    kept_as: str = ""

    def __str__(self) -> str:
        return f"{self.name} is planted. You are done when this holds: {' '.join((self.promise.__doc__ or '').split())}"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(str(self))}</p>"


def exercise(plant: Callable[[Settings], None], kept_as: str = "") -> Callable[[checks.Promise], Exercise]:
    """Make an exercise of the function that checks its repair."""
    return lambda promise: Exercise(promise.__name__, plant, promise, kept_as)


def exercises(lab: str) -> dict[str, Exercise]:
    """Return a lab's exercises by name, in the order in which they are written."""
    module = importlib.import_module(f"workshop.labs.{lab}")
    return {name: one for name, one in vars(module).items() if isinstance(one, Exercise)}


def planted(lab: str, name: str) -> str:
    """Return the text of a draft that breaks something, standing on the chain's last revision."""
    return _standing_on_head(PLANTED / lab / f"{name}.py")


@dataclass(frozen=True)
class Solution:
    """The workshop's own repair of an exercise.

    paths: one after the other, a file of SQL (.sql), a draft of a revision (.py), or commands as one types them in
    backend/ (.sh).
    """

    paths: tuple[Path, ...]

    @property
    def path(self) -> Path:
        """The last part, or the only one."""
        return self.paths[-1]

    @property
    def parts(self) -> list[str]:
        return [_standing_on_head(path) for path in self.paths]

    @property
    def text(self) -> str:
        return "\n\n".join(self.parts)

    def _repr_html_(self) -> str:
        shown = "".join(f"<pre>{html.escape(part)}</pre>" for part in self.parts)
        return f"<details><summary>One way to do it</summary>{shown}</details>"

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:  # in the executed notebook; it must not say where on this machine the files lie
        return f"Solution({', '.join(path.name for path in self.paths)})"


@dataclass
class Lab:
    """The state of one lab's notebook.

    name: which lab; settings: whose database; jump: how it was brought to head; drafts: the folder in which the
    learner's earlier drafts were set aside.
    """

    name: str
    settings: Settings
    jump: Jump = field(default_factory=Jump)
    drafts: Path | None = None
    repaired: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        said = f"{self.name}: the database is at {steps.current(self.settings)}, as a plain upgrade leaves it."
        said += f" {self.jump}" if str(self.jump) else ""
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

    def plant(self, name: str) -> Exercise:
        """Begin an exercise: bring the database to head, as new, and plant what the exercise is about."""
        one = self.exercise(name)
        _afresh(self.settings)
        one.plant(self.settings)
        return one

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
        return solution(self.name, name)

    def solve(self, name: str, text: str = "...") -> None:
        """Carry out the learner's repair, or the workshop's own when the learner left the dots.

        A repair in several parts can be given in as many cells, in any kind: each is carried out as what it is.
        """
        known = self.solution(name)
        if kept_as := self.exercise(name).kept_as:
            scratch.keep(kept_as, known.text if _only_dots(text) else text)
            print(f"Written: backend/scratch/{kept_as} (git ignores it)\n\n{scratch.kept(kept_as)}")
            return
        if not _only_dots(text):
            self._carry_out(text, _kind(text) or known.path.suffix)
            return
        print(f"The dots stand for the workshop's own repair:\n\n{known.text}")
        for path, part in zip(known.paths, known.parts, strict=True):
            self._carry_out(part, path.suffix)

    def _carry_out(self, text: str, kind: str) -> None:
        """Carry out SQL (".sql"), write a draft (".py"), or run commands (".sh")."""
        if kind == ".sql":
            with database.connect(self.settings) as connection, connection.begin():
                connection.exec_driver_sql(text.replace("%", "%%"))  # a percent sign is no placeholder here
        elif kind == ".py":
            path = scratch.write_as_declared(text)
            print(f"Written: backend/scratch/{path.name} (git ignores it)")
        else:
            for line in text.splitlines():
                if line.strip() and not line.startswith("#"):
                    program, _, words = line.strip().partition(" ")
                    terminal.run(self.settings, program, words, drafts=True)

    def fresh(self) -> str:
        """Throw away what this lab did and begin again at head."""
        _afresh(self.settings)
        return f"The database is at {chain.steps()[-1].name}, as a plain upgrade leaves it; no draft is left."

    def compare(self) -> Difference:
        """Return what a fresh database, made by the chain and the drafts as they stand, has otherwise than this one."""
        return beside.compare(self.settings)

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


def title(lab: str) -> str:
    """Return the title of a lab, that of its notebook and page."""
    text = importlib.import_module(f"workshop.labs.{lab}").__doc__ or ""
    return text.strip().splitlines()[0]


def listed_title(lab: str) -> str:
    """Return the title of a lab as a reader meets it in a list of labs."""
    return title(lab).removeprefix("Lab: ").capitalize()


def solution(lab: str, exercise: str) -> Solution:
    """Return the workshop's repair of an exercise."""
    return Solution(tuple(sorted((SOLUTIONS / lab).glob(f"{exercise}.*"))))


def begin(name: str) -> Lab:
    """Begin a lab: the learner's state is set aside, and the database is brought to head by a plain upgrade.

    Raises:
        LabError: no lab goes by this name.
    """
    if name not in chain.LABS:
        raise LabError(f'No lab is called "{name}". There are: {", ".join(chain.LABS)}.')
    settings = server.ensure()
    return Lab(name, settings, steps.goto(settings, chain.steps()[-1]), scratch.set_aside())


def _afresh(settings: Settings) -> None:
    scratch.clear()
    steps.goto(settings, chain.steps()[-1], keep=False)


def _standing_on_head(path: Path) -> str:
    """Return the text of a file in which {head} stands for the name of the chain's last revision, {+1} for the number
    after its own, {+2} for the next, and {port} for the port at which the database is."""
    head = chain.steps()[-1]
    text = path.read_text(encoding="utf-8").replace("{head}", head.name).rstrip() + "\n"
    if "{port}" in text:
        text = text.replace("{port}", str(server.ensure().database_url.port or 5432))
    return re.sub(r"\{\+(\d)\}", lambda found: f"{int(head.number) + int(found[1]):04}", text)


def _kind(text: str) -> str | None:
    """Tell what the learner wrote: a draft, commands, or SQL; None when its first line does not tell."""
    if re.search(r"^revision\b.*=", text, re.MULTILINE):
        return ".py"
    line = next((line for line in text.splitlines() if line.strip() and not line.startswith(("#", "--"))), "")
    if line.split(maxsplit=1)[0] in PROGRAMS:
        return ".sh"
    return ".sql" if re.match(_SQL, line, re.IGNORECASE) else None


def _only_dots(text: str) -> bool:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith(("#", "--"))]
    return "".join(lines).strip() in ("", "...")
