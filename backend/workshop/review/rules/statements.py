"""R3xx: SQL text, Cypher text and the values that go with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from workshop.review import squawk
from workshop.review.findings import Hits, rule
from workshop.review.operations import EXECUTES, column, deeds_of, text_of
from workshop.review.sql import words_of
from workshop.review.story import Story, line_in
from workshop.review.values import Call, Made, Text, Unknown, within

KEYS = [
    re.compile(r"\bsk-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\bAKIA[0-9A-Z]{12,}"),
    re.compile(r"\b(ghp|gho|github_pat|glpat|xox[bp])[_-][A-Za-z0-9_-]{16,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{8,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\b[a-z][a-z0-9+]*://[^\s:/@'\"]+:(?P<value>[^\s@'\"]{3,})@"),
    re.compile(r"(?i)\bPASSWORD\s+'(?P<value>[^']{3,})'"),
    # api_key = "...", with a digit in it, so that the name of a column is none
    re.compile(
        r"(?i)\b\w*(api_?key|secret|subscription_?key|access_?key|auth_?token|password|passwd)\w*"
        r"['\"]?\s*(=>|:=|=|:)\s*['\"](?P<value>(?=[^'\"]*\d)[^'\"\s]{8,})['\"]"
    ),
    # set_setting('azure_openai.subscription_key', '...')
    re.compile(r"(?i)\bset_\w+\(\s*'[^']*(key|secret|token|password)'\s*,\s*'(?P<value>[^'\s]{8,})'"),
]
STAND_IN = re.compile(r"(?i)^[<{$%:\[*!]|^x+$|your|change|example|placeholder|redacted|\.\.\.|^(test|none|null)")
LABEL = re.compile(r"[(\[]\s*(?<!\\):(\w+)")
CAST = re.compile(r"(?<![:\w\\]):([A-Za-z_]\w*)::")


@rule(
    "R301",
    "a value formatted into SQL or Cypher",
    "Give the value as a bind parameter, and a name that varies through the dialect's quoting.",
)
def formatted_value(story: Story) -> Hits:
    """A value put into SQL or Cypher by an f-string, %, .format, .replace, join or + becomes part of the program.

    An apostrophe in a name breaks it, and worse can be written in a review. Constants of the file itself are no such
    values, nor are names that went through the dialect's quoting, nor a loop's counter.
    """
    for call in (*story.up_calls, *story.down_calls):
        if call.name in (*EXECUTES, "text", "DDL"):
            written = text_of(call.args[0]) if call.args else None
            for hole in written.holes if isinstance(written, Text) else []:
                if not hole.safe:
                    yield (
                        hole.line,
                        "A value that only the run knows is formatted into the text of a statement.",
                    )


@rule(
    "R302",
    "a secret in the file",
    "Take it out, revoke it, and read such a setting from the environment of the server or the application.",
)
def secret(story: Story) -> Hits:
    """A key or password in a revision is in the history of the repository, in the server's log and in every backup.

    A revision can never be edited once it was applied, so it stays there.
    """
    for number, line in enumerate(story.source.lines, 1):
        for pattern in KEYS:
            found = pattern.search(line)
            if found and not STAND_IN.search(found.groupdict().get("value") or found.group().partition("-")[2]):
                yield number, "What looks like a key or a password stands here in plain text."
                break


@rule(
    "R303",
    "JSON twice",
    "Give the dict or list itself: the column's type turns it into JSON.",
)
def json_twice(story: Story) -> Hits:
    """json.dumps into a column that is declared JSON or JSONB is made JSON once more by SQLAlchemy.

    The column then holds one JSON string instead of an object: `specifications ->> 'Weight'` is null, and
    `jsonb_typeof` says string.
    """
    for call in (*story.up_calls, *story.down_calls):
        for table, rows in _typed_rows(call):
            typed = {c.name for one in table.args[1:] if (c := column(one)) and c.type_name in ("JSON", "JSONB")}
            if any(name in typed and _dumped(value) for row in rows for name, value in row.items()):
                yield (
                    call.line,
                    "A text made by json.dumps goes into a JSON column, which makes it JSON once more.",
                )


@rule(
    "R304",
    "a sequence left behind",
    "Move the sequence on after the rows: SELECT setval(pg_get_serial_sequence('t', 'id'), max(id)) FROM t.",
)
def stale_sequence(story: Story) -> Hits:
    """Rows put in with ids of their own do not move the sequence that gives out ids.

    The next ordinary INSERT gets an id that is taken, and fails with a duplicate key.
    """
    texts = [act.deed for act in story.up if act.deed.verb == "unknown" or act.deed.sort == "setval"]
    if texts:
        return
    unnumbered = {
        act.deed.name for act in story.up
        if (act.deed.verb, act.deed.sort) == ("create", "table") and "numbered" not in act.deed.options
    }  # fmt: skip
    seen: set[str] = set()
    for act in story.up:
        deed = act.deed
        given = deed.verb == "insert" and ("number id" in deed.options or _id_given(act.call))
        if given and deed.table not in unnumbered | seen and "temporary" not in deed.options:
            seen.add(deed.table)
            yield (
                act.line,
                f"Rows with ids of their own go into {deed.table}, and its sequence is not moved on.",
            )


@rule(
    "R305",
    "a label read as a parameter",
    "Name the variable before the label, `(p:Product)`, or send the text with exec_driver_sql.",
)
def label_as_parameter(story: Story) -> Hits:
    """op.execute and text() read `(:Product)` and `[:HAS]` in Cypher as bind parameters.

    The statement fails with "A value is required for bind parameter 'Product'".
    """
    for call, written in _bound_texts(story):
        for word, _ in words_of(written):
            found = LABEL.search(word.text) if word.kind in ("dollar", "string") and "cypher" in written else None
            if found:
                snippet = next(line for line in word.text.splitlines() if found.group() in line)
                line = line_in(story.source, call, snippet)
                yield line, f"In this text :{found[1]} is read as a bind parameter, not as a label."


@rule(
    "R306",
    "a cast that hides a parameter",
    "Write CAST(:name AS type), or a blank before the two colons.",
)
def cast_hides_parameter(story: Story) -> Hits:
    """text() does not see a bind parameter that a `::` follows, so that `:name::jsonb` reaches the server as it is.

    PostgreSQL then reports a syntax error at the colon.
    """
    for call, written in _bound_texts(story):
        if found := CAST.search(written):
            line = line_in(story.source, call, written[written.rfind("\n", 0, found.start()) + 1 :])
            yield line, f"The parameter :{found[1]} is not seen, because a cast by :: follows it at once."


@rule("R307", "SQL that does not parse", "Mend the statement; paste it into psql to see where the server stops.")
def does_not_parse(story: Story) -> Hits:
    """squawk's parser, which knows PostgreSQL's grammar, does not get through the statement.

    Texts that are known in part only are not looked at.
    """
    for acts in (story.up, story.down):
        for found in squawk.look(story.source, acts):
            if found.rule == "syntax-error":
                yield (
                    found.line,
                    f"PostgreSQL's grammar does not know this statement: {found.message.rstrip('.')}.",
                )


# -- texts ------------------------------------------------------------------------------------------------------------


def _bound_texts(story: Story) -> Iterator[tuple[Call, str]]:
    """Yield the texts in which SQLAlchemy looks for `:name`, with the calls that send them."""
    for call in (*story.up_calls, *story.down_calls):
        through_text = call.name == "text" or (call.name == "execute" and call.on_op)
        if through_text and call.args and isinstance(call.args[0], str | Text):
            yield call, str(call.args[0])


# -- rows -------------------------------------------------------------------------------------------------------------


def _typed_rows(call: Call) -> Iterator[tuple[Made, list[dict[Any, Any]]]]:
    """Yield tables whose columns have types, with the rows that a call puts into them."""
    if call.name == "bulk_insert":
        yield from _table_and(call.argument(0, "table"), call.argument(1, "rows"))
    elif call.name in EXECUTES and call.args and isinstance(call.args[0], Made):
        rows = [call.args[1]] if len(call.args) > 1 else []
        for one in within(call.args[0]):
            if isinstance(one, Made) and one.name == "values":
                rows += [dict(one.kwargs), *one.args]
        for one in rows:
            yield from _table_and(call.args[0], one)


def _table_and(value: Any, rows: Any) -> Iterator[tuple[Made, list[dict[Any, Any]]]]:
    table = next((one for one in within(value) if isinstance(one, Made) and one.name.lower() == "table"), None)
    listed = rows if isinstance(rows, list | tuple) else [rows]
    if table:
        yield table, [row for row in listed if isinstance(row, dict)]


def _dumped(value: Any) -> bool:
    return isinstance(value, Unknown) and value.kind == "json"


def _id_given(call: Call) -> bool:
    """Tell whether a call gives whole numbers for a column called id."""
    rows: list[Any] = []
    if call.name == "bulk_insert":
        given = call.argument(1, "rows")
        rows = list(given) if isinstance(given, list | tuple) else []
    elif call.name in EXECUTES and len(call.args) > 1:
        rows = list(call.args[1]) if isinstance(call.args[1], list | tuple) else [call.args[1]]
        if not any("id" in deed.columns or not deed.columns for deed in deeds_of(call)):
            rows = []
    if call.name in EXECUTES and call.args:
        rows += [one.kwargs for one in within(call.args[0]) if isinstance(one, Made) and one.name == "values"]
    return any(isinstance(row, dict) and type(row.get("id")) is int for row in rows)
