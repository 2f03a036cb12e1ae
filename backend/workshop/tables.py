"""Tables as HTML that reads in JupyterLab, light and dark, and on a page: text to the left, numbers to the right.

JupyterLab sets everything to the right and centres captions. No colour of its own but that of the marks, whose white on
a dark ground reads in both themes (AA). No script.
"""

from __future__ import annotations

import html
import uuid
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LEFT = "text-align:left;vertical-align:baseline"
RIGHT = "text-align:right;vertical-align:baseline;font-variant-numeric:tabular-nums"
CAPTION = "caption-side:top;text-align:left;font-weight:bold;padding:0 0 4px;white-space:nowrap"
GREEN, RED, BROWN = "#1a7444", "#b0224f", "#7d5200"
NUMBERS = ("integer", "floating", "decimal", "mixed-integer-float")  # as pandas calls them
ROWS = 60  # of a DataFrame that are shown; a longer one shows its first and last five


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def table(caption: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; what is no Html is escaped, and a column of numbers stands to the right."""
    body = [list(row) for row in rows]
    numeric = [bool(body) and all(_is_number(row[column]) for row in body) for column in range(len(header))]
    styles = [RIGHT if number else LEFT for number in numeric]
    head = "".join(
        f'<th style="{style};white-space:nowrap">{html.escape(name)}</th>'
        for style, name in zip(styles, header, strict=True)
    )
    lines = "".join(
        "<tr>"
        + "".join(f'<td style="{style}">{_cell(cell)}</td>' for style, cell in zip(styles, row, strict=True))
        + "</tr>"
        for row in body
    )
    return (
        f'<table><caption style="{CAPTION}">{html.escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table>"
    )


def mark(sign: str, word: str, color: str) -> Html:
    """Return a sign on a coloured ground, with a word for those who do not see it."""
    look = (
        "display:inline-block;width:1.4em;text-align:center;border-radius:3px;font-weight:bold;line-height:1.4;"
        f"color:#fff;background:{color}"
    )
    return Html(f'<span role="img" aria-label="{word}" title="{word}" style="{look}">{sign}</span>')


def frame(data: pd.DataFrame) -> str:
    """Return a DataFrame as pandas shows it, but text to the left, and NULL for what is missing."""
    from pandas.api.types import infer_dtype

    own = f"frame-{uuid.uuid4().hex[:12]}"
    texts = [
        f"#{own} tr > :nth-child({data.index.nlevels + n + 1})"
        for n in range(data.shape[1])
        if infer_dtype(data.iloc[:, n]) not in NUMBERS
    ]
    style = f"<style>{', '.join(texts)} {{text-align: left}}</style>" if texts else ""
    shown = ROWS if len(data) <= ROWS else 10
    text = data.to_html(
        max_rows=shown, max_cols=20, na_rep="NULL", border=0, notebook=True, show_dimensions=shown < len(data)
    )
    return f'<div id="{own}">{style}{text}</div>'


def _is_number(cell: Any) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _cell(cell: Any) -> str:
    if isinstance(cell, Html):
        return cell
    return f"{cell:,}" if _is_number(cell) else html.escape(str(cell))
