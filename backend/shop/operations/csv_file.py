"""Reading an export: one record at a time, with the line it begins on and its raw text."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from shop.errors import ExplainedError

LONGEST_FIELD = 10_000_000  # characters; the csv module's own limit of 131,072 is too small for a manual


class CsvError(ExplainedError):
    """The file as a whole cannot be read; a single bad row is never a reason."""


class Record(NamedTuple):
    """One record of the file.

    line: where it begins (the header is line 1); raw: its text without the line end; fields: what it says.
    """

    line: int
    raw: str
    fields: list[str]


def records(path: Path, header: list[str]) -> Iterator[Record]:
    """Yield the records after the header, in constant memory.

    Raises:
        CsvError: the file is missing, empty, has another header, or is not UTF-8.
    """
    csv.field_size_limit(LONGEST_FIELD)
    lines = _Lines(path)
    parser = csv.reader(lines, strict=False)
    try:
        _require_header(path, next(parser, None), header)
        lines.take()
        begin = lines.number + 1
        for fields in parser:
            raw = lines.take()
            if fields:  # a blank line is no record
                yield Record(begin, raw, fields)
            begin = lines.number + 1
    except csv.Error as error:
        raise CsvError(
            f"data/{path.name}, line {lines.number}: {error}. Look for a quotation mark that is never closed."
        ) from error


def _require_header(path: Path, found: list[str] | None, wanted: list[str]) -> None:
    if found is None:
        raise CsvError(f"data/{path.name} is empty: restore it with `git checkout -- data/{path.name}`.")
    if found != wanted:
        raise CsvError(
            f"data/{path.name} has the header {','.join(found)!r}, and the revision expects {','.join(wanted)!r}: "
            "restore the file, or name its columns in this order."
        )


class _Lines:
    """The file's lines for the csv parser, remembered until take() asks for the text of one record."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        self._seen: list[str] = []

    def __iter__(self) -> Iterator[str]:
        try:
            with self.path.open("rb") as file:
                for raw in file:
                    self.number += 1
                    line = raw.decode()
                    if self.number == 1:
                        line = line.removeprefix("\N{BYTE ORDER MARK}")
                    self._seen.append(line)
                    yield line
        except FileNotFoundError:
            raise CsvError(
                f"data/{self.path.name} is missing: restore it with `git checkout -- data/{self.path.name}`, or set "
                "SHOP_DATA to the folder that holds the export."
            ) from None
        except UnicodeDecodeError as error:
            raise CsvError(
                f"data/{self.path.name}, line {self.number}: byte {error.object[error.start]:#04x} is not UTF-8. "
                "Save the file as UTF-8 (in a spreadsheet: CSV UTF-8)."
            ) from None

    def take(self) -> str:
        seen = self._seen
        raw = seen[0] if len(seen) == 1 else "".join(seen)
        seen.clear()
        return raw.rstrip("\r\n")
