"""Reading SQL text: tokens from sqlparse, cut into statements, and what each statement does to which object.

sqlparse is used for its tokens alone (strings, dollar quotes, comments, bind parameters): its own tree is made for
formatting and knows little DDL. What is not understood becomes a deed of the verb "other"; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sqlparse import lexer
from sqlparse import tokens as kinds

from workshop.review.values import HOLE

SORTS = """
    TABLE INDEX TYPE DOMAIN EXTENSION FUNCTION PROCEDURE AGGREGATE TRIGGER VIEW SEQUENCE SCHEMA POLICY RULE ROLE USER
    STATISTICS PUBLICATION SUBSCRIPTION SERVER COLLATION OPERATOR CAST
""".split()
ON_TABLE = {"trigger", "policy", "rule"}
DML = {"INSERT", "UPDATE", "DELETE", "MERGE"}


@dataclass(frozen=True)
class Word:
    """One token. kind: word, quoted, string, dollar, number, bind, mark."""

    kind: str
    text: str

    @property
    def upper(self) -> str:
        return self.text.upper() if self.kind == "word" else ""


@dataclass(frozen=True)
class Statement:
    """One statement: its text as written and its tokens without comments."""

    text: str
    words: tuple[Word, ...]


@dataclass(frozen=True)
class Deed:
    """What a statement, or a call of an Alembic operation, does.

    verb: create, drop, alter, rename, insert, update, delete, truncate, call (a function with an effect), set, do,
    commit, unknown (text that only the run would tell), other.
    sort: table, column, index, constraint, type, ...; name: "" when it has none or it is not known; to: the new name.
    columns: of an index or constraint, or of an insert. options: words such as concurrently, if_exists, cascade.
    links: tables that it ties to `table`. text: the statement.
    """

    verb: str
    sort: str = ""
    name: str = ""
    table: str = ""
    to: str = ""
    columns: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()
    text: str = field(default="", compare=False)


def words_of(text: str) -> list[tuple[Word, str]]:
    """Return the tokens of a text, each with the blanks and comments that stand before it."""
    found: list[tuple[Word, str]] = []
    before = ""
    for kind, value in lexer.tokenize(text.replace("\\:", ":")):  # type: ignore[no-untyped-call]
        if kind in kinds.Whitespace or kind in kinds.Comment:
            before += value
            continue
        # "CREATE OR REPLACE", "NOT NULL", "GROUP BY" come as one keyword
        pieces = value.split() if kind in kinds.Keyword else [value]
        for piece in pieces:
            found.append((Word(_kind(kind, piece), piece), before if piece is pieces[0] else " "))
        before = ""
    return found


def _kind(kind: object, value: str) -> str:
    if value[:1] == "$" and value[-1:] == "$" and len(value) > 1:
        return "dollar"
    if value[:1] == '"':
        return "quoted"
    if value[:1] == "'":
        return "string"
    if kind in kinds.Number:
        return "number"
    if kind in kinds.Name.Placeholder and value != "?":
        return "bind"
    return "word" if re.match(r"[^\W\d]", value) else "mark"


def split(text: str) -> list[Statement]:
    """Cut a text at its semicolons; those inside quotes, parentheses and BEGIN ATOMIC ... END do not count."""
    statements: list[Statement] = []
    words: list[Word] = []
    written = ""
    depth = atomic = 0
    for word, before in words_of(text):
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if word.upper == "ATOMIC" or (atomic and word.upper == "CASE"):
            atomic += 1
        elif atomic and word.upper == "END":
            atomic -= 1
        if word.text == ";" and depth <= 0 and not atomic:
            if words:
                statements.append(Statement(written.strip(), tuple(words)))
            words, written, depth = [], "", 0
            continue
        words.append(word)
        written += before + word.text
    if words:
        statements.append(Statement(written.strip(), tuple(words)))
    return statements


class Cursor:
    """Reads the words of a statement from left to right."""

    def __init__(self, words: tuple[Word, ...]) -> None:
        self.words = words
        self.at = 0

    def peek(self, ahead: int = 0) -> Word:
        place = self.at + ahead
        return self.words[place] if place < len(self.words) else Word("end", "")

    def accept(self, *wanted: str) -> bool:
        """Step over these words when they come next."""
        if all(self.peek(n).upper == word or self.peek(n).text == word for n, word in enumerate(wanted)):
            self.at += len(wanted)
            return True
        return False

    def any_of(self, *wanted: str) -> str:
        """Step over the next word when it is one of these, and return it."""
        found = self.peek().upper
        if found in wanted:
            self.at += 1
            return found
        return ""

    def seek(self, *wanted: str) -> bool:
        """Step behind the next occurrence of these words outside parentheses; stay when there is none."""
        start, depth = self.at, 0
        while self.peek().kind != "end":
            if depth == 0 and self.accept(*wanted):
                return True
            depth += {"(": 1, ")": -1}.get(self.peek().text, 0)
            self.at += 1
        self.at = start
        return False

    def name(self) -> str:
        """Read a name with its schema; "" when it is made of a part that is not known."""
        parts = []
        while self.peek().kind in ("word", "quoted"):
            word = self.peek()
            parts.append(word.text.strip('"') if word.kind == "quoted" else word.text.lower())
            self.at += 1
            if self.peek().text != ".":
                break
            self.at += 1
        return clean(".".join(parts))

    def names(self) -> list[str]:
        """Read names with commas between them."""
        found = [self.name()]
        while self.accept(","):
            found.append(self.name())
        return found

    def group(self) -> list[Word]:
        """Read what stands in the parentheses that come next; [] when none do."""
        if not self.accept("("):
            return []
        start, depth = self.at, 1
        while depth and self.peek().kind != "end":
            depth += {"(": 1, ")": -1}.get(self.peek().text, 0)
            self.at += 1
        return list(self.words[start : self.at - 1])

    def rest(self) -> tuple[Word, ...]:
        return self.words[self.at :]


def clean(name: str) -> str:
    """Return a name without the schema public; "" when a part of it is not known."""
    return "" if HOLE in name else name.removeprefix("public.")


def at_commas(words: tuple[Word, ...] | list[Word]) -> list[tuple[Word, ...]]:
    """Cut words at the commas outside parentheses."""
    parts: list[list[Word]] = [[]]
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word.text, 0)
        if word.text == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(word)
    return [tuple(part) for part in parts if part]


def deeds(statement: Statement) -> list[Deed]:
    """Return what a statement does."""
    cursor = Cursor(statement.words)
    first = cursor.peek().upper
    cursor.at += 1
    read = READERS.get(first)
    found = read(cursor, statement) if read else [Deed("other")]
    return [deed if deed.text else replace(deed, text=statement.text) for deed in found]


# -- CREATE and DROP --------------------------------------------------------------------------------------------------


def _create(cursor: Cursor, statement: Statement) -> list[Deed]:
    options = set()
    while word := cursor.any_of(
        "OR", "REPLACE", "TEMP", "TEMPORARY", "LOCAL", "GLOBAL", "UNLOGGED", "UNIQUE", "CONSTRAINT", "MATERIALIZED",
        "RECURSIVE", "EVENT", "TRUSTED", "FOREIGN",
    ):  # fmt: skip
        options.add({"TEMP": "temporary"}.get(word, word.lower()))
    sort = cursor.any_of(*SORTS).lower()
    if not sort:
        return [Deed("other")]
    options |= _flags(cursor)
    name = "" if sort == "index" and cursor.peek().upper == "ON" else cursor.name()
    if name.startswith("pg_temp"):
        options.add("temporary")
    if sort == "index":
        return [_index(cursor, name, options)]
    if sort == "table":
        return _table(cursor, name, options)
    table = ""
    if sort in ON_TABLE and cursor.seek("TO" if sort == "rule" else "ON"):
        table = cursor.name()
    links = tuple(_tables_read(statement.words))
    return [Deed("create", sort, name, table, options=frozenset(options), links=links)]


def _flags(cursor: Cursor) -> set[str]:
    """Read CONCURRENTLY, IF EXISTS and IF NOT EXISTS."""
    options = set()
    if cursor.accept("CONCURRENTLY"):
        options.add("concurrently")
    if cursor.accept("IF", "NOT", "EXISTS"):
        options.add("if_not_exists")
    if cursor.accept("IF", "EXISTS"):
        options.add("if_exists")
    return options


def _index(cursor: Cursor, name: str, options: set[str]) -> Deed:
    cursor.accept("ON")
    cursor.accept("ONLY")
    table = cursor.name()
    if cursor.accept("USING"):
        options.add(f"using {cursor.name()}")
    columns = tuple(Cursor(part).name() for part in at_commas(cursor.group()))
    return Deed("create", "index", name, table, columns=columns, options=frozenset(options))


def _table(cursor: Cursor, name: str, options: set[str]) -> list[Deed]:
    rest = cursor.rest()
    if _has(rest, "AS", "SELECT"):
        options.add("filled")
    if _has_word(rest, "IDENTITY", "SERIAL", "BIGSERIAL", "SMALLSERIAL", "NEXTVAL"):
        options.add("numbered")
    links = tuple(_after(rest, "REFERENCES") + _after(rest, "PARTITION", "OF") + _after(rest, "INHERITS", "(")
                  + _after(rest, "LIKE"))  # fmt: skip
    columns = tuple(Cursor(part).name() for part in at_commas(Cursor(rest).group()))
    return [Deed("create", "table", name, name, columns=columns, options=frozenset(options), links=links)]


def _drop(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("MATERIALIZED")
    sort = cursor.any_of(*SORTS).lower()
    if not sort:
        return [Deed("other")]
    options = _flags(cursor)
    if _has_word(statement.words, "CASCADE"):
        options.add("cascade")
    found = []
    while True:
        name = cursor.name()
        cursor.group()  # the arguments of a function
        table = cursor.name() if sort in ON_TABLE and cursor.accept("ON") else name if sort == "table" else ""
        found.append(Deed("drop", sort, name, table, options=frozenset(options)))
        if not cursor.accept(","):
            return found


# -- ALTER ------------------------------------------------------------------------------------------------------------


def _alter(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("MATERIALIZED")
    sort = cursor.any_of(*SORTS, "DATABASE", "SYSTEM", "DEFAULT").lower()
    options = _flags(cursor)
    cursor.accept("ONLY")
    if sort in ("database", "role", "user", "system"):
        setting = _after(statement.words, "SET")
        return [Deed("set", sort, setting[0] if setting else "")]
    name = cursor.name()
    if sort == "table":
        cursor.accept("*")
        return [_clause(Cursor(part), name, options) for part in at_commas(cursor.rest())]
    if cursor.accept("RENAME", "TO"):
        return [Deed("rename", sort, name, to=cursor.name(), options=frozenset(options))]
    if sort == "type" and cursor.accept("ADD", "VALUE"):
        return [Deed("alter", "type", name, options=frozenset(options | _flags(cursor)))]
    if sort == "sequence" and _has_word(cursor.rest(), "RESTART"):
        return [Deed("call", "setval")]
    return [Deed("other")]


def _clause(cursor: Cursor, table: str, options: set[str]) -> Deed:
    """Read one action of ALTER TABLE."""
    action = cursor.any_of("ADD", "DROP", "ALTER", "RENAME")
    if action == "ADD":
        return _add(cursor, table, options)
    if action == "DROP":
        sort = (cursor.any_of("CONSTRAINT", "COLUMN") or "COLUMN").lower()
        options = options | _flags(cursor)
        name = cursor.name()
        if _has_word(cursor.rest(), "CASCADE"):
            options.add("cascade")
        return Deed("drop", sort, name, table, options=frozenset(options))
    if action == "ALTER":
        cursor.accept("COLUMN")
        name = cursor.name()
        rest = cursor.rest()
        if _has_word(rest, "RESTART"):
            return Deed("call", "setval", table=table)
        if _has(rest, "SET", "NOT", "NULL"):
            options = options | {"not_null"}
        ignored = _has_word(rest[:2], "STATISTICS", "STORAGE", "COMPRESSION")
        return Deed("other" if ignored else "alter", "column", name, table, options=frozenset(options))
    if action == "RENAME":
        return _rename(cursor, table, options)
    return Deed("other", table=table)


def _rename(cursor: Cursor, table: str, options: set[str]) -> Deed:
    if cursor.accept("TO"):
        return Deed("rename", "table", table, to=cursor.name(), options=frozenset(options))
    sort = (cursor.any_of("CONSTRAINT", "COLUMN") or "COLUMN").lower()
    name = cursor.name()
    cursor.accept("TO")
    return Deed("rename", sort, name, table, cursor.name(), options=frozenset(options))


def _add(cursor: Cursor, table: str, options: set[str]) -> Deed:
    unnamed = cursor.peek().upper in ("PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE")
    if unnamed or cursor.accept("CONSTRAINT"):
        name = "" if unnamed else cursor.name()
        options = options | ({"unnamed"} if unnamed else set())
        rest = cursor.rest()
        if _has_word(rest[:1], "UNIQUE", "PRIMARY", "EXCLUDE") and not _has(rest, "USING", "INDEX"):
            options = options | {"unique"}
        columns: tuple[str, ...] = ()
        if cursor.seek("("):
            cursor.at -= 1
            columns = tuple(word.text.lower().strip('"') for word in cursor.group() if word.kind in ("word", "quoted"))
        return Deed("create", "constraint", name, table, columns=columns, options=frozenset(options),
                    links=tuple(_after(rest, "REFERENCES")))  # fmt: skip
    cursor.accept("COLUMN")
    options = options | _flags(cursor)
    name = cursor.name()
    rest = cursor.rest()
    if _has(rest, "NOT", "NULL") or _has(rest, "PRIMARY", "KEY"):
        options.add("not_null")
    if _has_word(rest, "DEFAULT", "GENERATED", "SERIAL", "BIGSERIAL", "SMALLSERIAL"):
        options.add("default")
    if _has_word(rest, "UNIQUE", "PRIMARY"):
        options.add("unique")
    links = tuple(_after(rest, "REFERENCES"))
    return Deed("create", "column", name, table, options=frozenset(options), links=links)


# -- rows -------------------------------------------------------------------------------------------------------------


def _insert(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("INTO")
    table = cursor.name()
    columns = tuple(Cursor(part).name() for part in at_commas(cursor.group()))
    options = {"values"} if _has_word(statement.words, "VALUES") else set()
    if cursor.seek("VALUES"):
        first = at_commas(cursor.group())
        # the columns whose first value is a plain whole number
        options |= {
            f"number {c}" for c, value in zip(columns, first, strict=False)
            if len(value) == 1 and value[0].kind == "number"
        }  # fmt: skip
    if table.startswith("pg_temp"):
        options.add("temporary")
    return [Deed("insert", "rows", table=table, columns=columns, options=frozenset(options))]


def _update(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("ONLY")
    return [Deed("update", "rows", table=cursor.name(), options=_where(statement))]


def _delete(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("FROM")
    cursor.accept("ONLY")
    return [Deed("delete", "rows", table=cursor.name(), options=_where(statement))]


def _where(statement: Statement) -> frozenset[str]:
    """Tell whether one row is meant: WHERE id = ... with a value behind it."""
    written = " ".join(word.text for word in statement.words)
    one = re.search(r"(?i)\bwhere\b.*?\b(\w+\.\s*)?(id|uuid|\w+_id|email|key)\s*=\s*([:%'$\d]|" + HOLE + ")", written)
    many = re.search(r"(?i)\blimit\b|\bbetween\b|\bany\s*\(", written)
    return frozenset({"one"} if one and not many else ())


def _truncate(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("TABLE")
    cursor.accept("ONLY")
    return [Deed("truncate", "rows", table=name) for name in cursor.names()]


def _copy(cursor: Cursor, statement: Statement) -> list[Deed]:
    table = cursor.name()
    cursor.group()
    return [Deed("insert", "rows", table=table) if cursor.accept("FROM") else Deed("other")]


def _merge(cursor: Cursor, statement: Statement) -> list[Deed]:
    cursor.accept("INTO")
    return [Deed("insert", "rows", table=cursor.name())]


def _with(cursor: Cursor, statement: Statement) -> list[Deed]:
    """A common table expression: what counts is the statement behind it, or one that changes rows inside it."""
    words = statement.words
    found = []
    for place, word in enumerate(words):
        before = words[place - 1].upper if place else ""
        if word.upper in DML and before not in ("FOR", "ON", "DO", "THEN", "OR", "NO", "KEY"):
            inner = Statement(statement.text, words[place:])
            found += READERS[word.upper](_behind_first(inner), inner)
    return found or _select(cursor, statement)


def _behind_first(statement: Statement) -> Cursor:
    cursor = Cursor(statement.words)
    cursor.at = 1
    return cursor


def _select(cursor: Cursor, statement: Statement) -> list[Deed]:
    found = []
    words = statement.words
    for place, word in enumerate(words[:-1]):
        if words[place + 1].text != "(":
            continue
        inside = Cursor(words[place + 1 :]).group()
        first = inside[0].text.strip("'") if inside and inside[0].kind == "string" else ""
        name = word.text.lower()
        if name in ("create_graph", "drop_graph"):
            found.append(Deed(name[: name.index("_")], "graph", clean(first)))
        elif name in ("setval", "move_sequences_on"):
            found.append(Deed("call", "setval"))
        elif name == "set_config" and not (inside[-1:] and inside[-1].upper == "TRUE"):
            found.append(Deed("set", "session", first))
        elif name == "cypher":
            body = next((w.text for w in inside if w.kind in ("dollar", "string") and w.text.strip("'") != first), "")
            writes = bool(re.search(r"(?i)\b(create|merge|set|delete)\b", body))
            label = re.search(r":\s*(\w+)", body)
            options = frozenset({"writes"} if writes else ())
            found.append(Deed("call", "cypher", table=label.group(1) if label else "", options=options))
    return found or [Deed("select")]


# -- the rest ---------------------------------------------------------------------------------------------------------


def _set(cursor: Cursor, statement: Statement) -> list[Deed]:
    scope = cursor.any_of("LOCAL", "SESSION")
    return [Deed("set", "local" if scope == "LOCAL" else "session", cursor.name())]


def _do(cursor: Cursor, statement: Statement) -> list[Deed]:
    """A block of PL/pgSQL: what its statements do, as far as they stand there as plain SQL."""
    body = next((word.text for word in statement.words if word.kind in ("dollar", "string")), "")
    inner = re.sub(r"^\$\w*\$|\$\w*\$$|^'|'$", "", body)
    found: list[Deed] = [Deed("do")]
    for one in split(inner):
        starts = [n for n, word in enumerate(one.words) if word.upper in ("CREATE", "ALTER", "DROP", *DML)]
        if starts and one.words[0].upper != "RAISE":
            inside = deeds(Statement(one.text, one.words[starts[0] :]))
            found += [replace(deed, options=deed.options | {"inner"}) for deed in inside]
    return found


def _has(words: tuple[Word, ...], *wanted: str) -> bool:
    return Cursor(words).seek(*wanted) if words else False


def _has_word(words: tuple[Word, ...], *wanted: str) -> bool:
    return any(word.upper in wanted for word in words)


def _after(words: tuple[Word, ...], *wanted: str) -> list[str]:
    """Return the names that stand behind each occurrence of these words, also inside parentheses."""
    found = []
    for place in range(len(words)):
        cursor = Cursor(words)
        cursor.at = place
        if cursor.accept(*wanted) and (name := cursor.name()):
            found.append(name)
    return found


def _tables_read(words: tuple[Word, ...]) -> list[str]:
    """Return the tables that a view or a function's body names."""
    bodies = [Statement("", words)]
    for word in words:
        if word.kind == "dollar":
            bodies += split(re.sub(r"^\$\w*\$|\$\w*\$$", "", word.text))
    return [name for one in bodies for key in ("FROM", "JOIN", "INTO", "UPDATE") for name in _after(one.words, key)]


READERS: dict[str, Callable[[Cursor, Statement], list[Deed]]] = {
    "CREATE": _create,
    "DROP": _drop,
    "ALTER": _alter,
    "INSERT": _insert,
    "UPDATE": _update,
    "DELETE": _delete,
    "TRUNCATE": _truncate,
    "COPY": _copy,
    "MERGE": _merge,
    "WITH": _with,
    "SELECT": _select,
    "SET": _set,
    "DO": _do,
    "COMMIT": lambda cursor, statement: [Deed("commit")],
    "ROLLBACK": lambda cursor, statement: [] if cursor.accept("TO") else [Deed("commit")],
    "END": lambda cursor, statement: [Deed("commit")],
}
