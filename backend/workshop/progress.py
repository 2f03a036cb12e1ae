"""A progress bar: a line in a terminal, an HTML bar in a notebook. No widget library, so it survives on a page."""

from __future__ import annotations

import html
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tqdm.std import tqdm


class Bar(Protocol):
    """What a bar can do: go on by one, with a word on what comes next; say something while one takes long."""

    def advance(self, label: str) -> None: ...

    def say(self, label: str) -> None: ...


@contextmanager
def progress(total: int, label: str) -> Iterator[Bar]:
    """Show a bar for `total` pieces of work while the block runs; it disappears afterwards."""
    bar: _Notebook | _Terminal = _Notebook(total, label) if _in_notebook() else _Terminal(total, label)
    try:
        yield bar
    finally:
        bar.close()


def _in_notebook() -> bool:
    if "IPython" not in sys.modules:
        return False
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None


class _Terminal:
    def __init__(self, total: int, label: str) -> None:
        # disable=None: silent where nobody watches, as in a pipe or a log
        self._bar = tqdm(total=total, desc=label, unit="step", leave=False, disable=None)

    def advance(self, label: str) -> None:
        self._bar.set_description(label)
        self._bar.update()

    def say(self, label: str) -> None:
        self._bar.set_description(label)

    def close(self) -> None:
        self._bar.close()


class _Notebook:
    def __init__(self, total: int, label: str) -> None:
        from IPython.display import HTML, display

        self._total, self._done, self._html = total, 0, HTML
        self._place = display(self._text(label), display_id=True)

    def _text(self, label: str) -> object:
        words = html.escape(f"{label} ({self._done} of {self._total})")
        return self._html(f'<label>{words} <progress max="{self._total}" value="{self._done}"></progress></label>')

    def advance(self, label: str) -> None:
        self._done += 1
        self.say(label)

    def say(self, label: str) -> None:
        self._place.update(self._text(label))

    def close(self) -> None:
        self._place.update(self._html(""))
