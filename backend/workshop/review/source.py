"""The text of one revision file: its tree, its lines, its docstring, and where a piece of text stands in it."""

from __future__ import annotations

import ast
import functools
import io
import re
import tokenize
from dataclasses import dataclass
from pathlib import Path

from shop.errors import ExplainedError


class UnreadableError(ExplainedError):
    """The file cannot be read, or is not Python, or is no Alembic revision."""


@dataclass(frozen=True)
class Source:
    """One revision file, parsed and never run."""

    path: Path
    text: str
    tree: ast.Module

    @functools.cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @functools.cached_property
    def docstring(self) -> str:
        return ast.get_docstring(self.tree, clean=True) or ""

    @functools.cached_property
    def functions(self) -> dict[str, ast.FunctionDef]:
        """The functions at the top of the file, by name."""
        return {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}

    @functools.cached_property
    def comments(self) -> list[tuple[int, str]]:
        """Line and text of each Python comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]

    @functools.cached_property
    def spans(self) -> list[tuple[int, int]]:
        """First and last line of each simple statement, and of the head of each compound one."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.stmt):
                body = getattr(node, "body", None)
                last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
                found.append((node.lineno, max(last, node.lineno)))
        return found

    def line_of(self, snippet: str, first: int = 1, last: int = 0) -> int:
        """Return the line on which a piece of text stands, looked for between two lines and then anywhere.

        The text may be cut by the way it is written (two literals side by side, an escape), so shorter and shorter
        beginnings of it are tried. Returns `first` when none is found.
        """
        wanted = next((line.strip() for line in snippet.splitlines() if line.strip()), "")
        for length in (len(wanted), 40, 20, 10):
            piece = wanted[:length].strip()
            if not piece:
                break
            for start, end in ((first, last or len(self.lines)), (1, len(self.lines))):
                for number in range(start, min(end, len(self.lines)) + 1):
                    if piece in self.lines[number - 1]:
                        return number
        return first


def read(path: Path) -> Source:
    """Read and parse a revision file.

    Raises:
        UnreadableError: with the cause, and the line where Python stopped.
    """
    try:
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=str(path))
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from None
    except SyntaxError as error:
        raise UnreadableError(
            f"{path} is not Python: line {error.lineno}: {error.msg}. Mend that first; nothing else was looked at."
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"{path} cannot be parsed: {error}.") from None
    if not re.search(r"^(revision|down_revision)\b[^=\n]*=", text, re.MULTILINE):
        raise UnreadableError(f"{path} is no Alembic revision: it has no line `revision = ...`.")
    return Source(path, text, tree)
