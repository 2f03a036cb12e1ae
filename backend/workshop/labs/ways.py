"""One question asked in several ways: what each answers, how long it takes, by which plan, and where it is wrong.

answers = ways.ask(lab.settings, "plane")      # a table; statement and plan of each way are folded away
answers["Cypher"].plan
ways.scores([...])                             # how many answers of each way are right, by question
"""

from __future__ import annotations

import html
import json
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import psycopg
import sqlalchemy as sa
from pgvector.sqlalchemy import Vector

from shop import database, search
from shop.errors import ExplainedError
from shop.settings import Settings
from workshop import agtype, cypher, tables
from workshop.labs.questions import QUESTIONS, TOGETHER, WAYS, Question
from workshop.magics import with_parameters

TIMES = 5

_NUMBERS = re.compile(r"\[-?\d[^\]]{100,}\]")  # a vector; in a plan nobody reads it

# A function of AGE's loads its library, also for users who may not LOAD; the path finds its operators.
PATH = "SELECT ag_catalog.agtype_build_map(), set_config('search_path', 'public, ag_catalog', true)"


class WayError(ExplainedError):
    """There is no such question, or no such way to ask it."""


@dataclass(frozen=True)
class Answer:
    """What one way answered.

    found: the rows, the best first; milliseconds: the median of five; plan: the lines of EXPLAIN; right: all that is
    right, found or not, None where nobody can judge.
    """

    way: str
    statement: str
    found: tuple[tuple[Any, ...], ...]
    milliseconds: float
    plan: tuple[str, ...]
    right: frozenset[str] | None

    @property
    def names(self) -> list[str]:
        return [str(row[0]) for row in self.found]

    def told(self) -> list[str]:
        """Return the answers, each marked where it can be judged, or else with its reason."""
        if self.right is None:
            return [f"{row[0]} ({_why(row[1])})" for row in self.found]
        return [f"{'✔' if name in self.right else '✘'} {name}" for name in self.names] or ["nothing"]


@dataclass(frozen=True, repr=False)
class Answers:
    """What every way answered to one question."""

    question: Question
    each: tuple[Answer, ...]

    def __getitem__(self, way: str) -> Answer:
        return next((one for one in self.each if one.way == way), None) or _unknown("way", way, WAYS)

    def scores(self) -> dict[str, int]:
        """Return how many right answers each way gave; nothing where nobody can judge."""
        right = self.question.right
        return {} if right is None else {one.way: len(set(one.names) & right) for one in self.each}

    def best(self) -> set[str]:
        """Return the ways with the most right answers."""
        found = self.scores()
        return {way for way, count in found.items() if count == max(found.values())}

    def __str__(self) -> str:
        lines = [self.question.text]
        lines += [f"  {one.way:9}  {one.milliseconds:6.1f} ms  {'; '.join(one.told())}" for one in self.each]
        return "\n".join([*lines, f"  Judged {self.question.judged}."])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = [
            (one.way, tables.Html("<br>".join(map(html.escape, one.told()))), f"{one.milliseconds:.1f}",
             _folded("statement", one.statement), _folded(f"plan, {len(one.plan)} lines", "\n".join(one.plan)))
            for one in self.each
        ]  # fmt: skip
        table = tables.table(self.question.text, ("way", "answer, the best first", "ms", "asked", "plan"), rows)
        return f"{table}<p>Judged {html.escape(self.question.judged)}.</p>"


def ask(settings: Settings, name: str) -> Answers:
    """Ask a question in every way; nothing is changed.

    Raises:
        WayError: there is no question of that name.
        ModelError: the model that reads the question is missing.
    """
    question = QUESTIONS.get(name) or _unknown("question", name, QUESTIONS)
    values = {**question.parameters, **_read(question.text)}
    with database.connect(settings) as connection:
        for one, query in question.looked_up.items():
            values[one] = _sql(connection, query, values)[0][0]
        each = tuple(_answer(connection, way, question, values) for way in WAYS)
    return Answers(question, each)


def together(settings: Settings, people: str, features: Sequence[str], trust: float = 0.5) -> pd.DataFrame:
    """Ask for the plane by all means at once: name, likeness (cosine), opinion (-1 to 1, weighed), right.

    Args:
        people: the focus group whose weights count.
        features: what the question is about, by the names that the catalog has for it.
        trust: 0 to 1, how much the opinions count; the rest is the likeness.
    """
    question = QUESTIONS["plane"]
    parameters = json.dumps({"features": list(features)})
    values = {**_read(question.text), "people": people, "trust": trust, "parameters": parameters}
    with database.connect(settings) as connection:
        connection.exec_driver_sql(PATH)
        found = _sql(connection, with_parameters(TOGETHER, values), values)
    rows = [(name, float(near), float(said), name in (question.right or ())) for name, near, said in found]
    return pd.DataFrame(rows, columns=["answer", "likeness", "opinion", "right"])


def _read(text: str) -> dict[str, Any]:
    """Return a question as every way takes it: the words, their vector, and the model that made it."""
    reader = search.model.usual_reader()
    return {"query": text, "vector": reader.embed([text])[0], "model": reader.model}


def _answer(connection: sa.Connection, way: str, question: Question, values: Mapping[str, Any]) -> Answer:
    statement = question.statements[way].strip()
    run: Callable[[sa.Connection, str, Mapping[str, Any]], list[tuple[Any, ...]]]
    run, explain = (_cypher, "EXPLAIN ") if way == "Cypher" else (_sql, "EXPLAIN (COSTS OFF) ")
    found, taken = run(connection, statement, values), []
    for _ in range(TIMES):
        begun = time.perf_counter()
        run(connection, statement, values)
        taken.append((time.perf_counter() - begun) * 1000)
    plan = tuple(_NUMBERS.sub("[...]", str(line[0])) for line in run(connection, f"{explain}{statement}", values))
    return Answer(way, statement, tuple(found), statistics.median(taken), plan, question.right)


def _sql(connection: sa.Connection, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    text = sa.text(statement)
    if ":vector" in statement:
        text = text.bindparams(sa.bindparam("vector", type_=Vector()))
    needed = {name: values[name] for name in text.compile().params}
    found = [tuple(row) for row in connection.execute(text, needed)]
    connection.rollback()
    return found


def _cypher(connection: sa.Connection, statement: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    query = cypher.parse(statement)
    raw: Any = connection.connection.driver_connection
    text, _ = query.statement(cypher.GRAPH, raw)
    given = cypher.arguments(query, values)
    with psycopg.RawCursor(raw) as cursor:
        cursor.execute(PATH)
        cursor.execute(text, [given] if given is not None else None)
        found = cursor.fetchall()
    raw.rollback()
    return found if query.explain else [tuple(agtype.read(value) for value in row) for row in found]


def scores(asked: Sequence[Answers]) -> pd.DataFrame:
    """Return a table: of each question that can be judged, the right answers of each way."""
    judged = [one for one in asked if one.question.right is not None]
    rows = [{**one.scores(), "there are": len(one.question.right or ())} for one in judged]
    return pd.DataFrame(rows, index=[one.question.text for one in judged])


def _why(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _folded(title: str, text: str) -> tables.Html:
    shown = html.escape(text)
    return tables.Html(f"<details><summary>{html.escape(title)}</summary><pre>{shown}</pre></details>")


def _unknown(kind: str, name: str, known: Sequence[str] | Mapping[str, Any]) -> Any:
    raise WayError(f'There is no {kind} called "{name}": choose one of {", ".join(known)}.')
