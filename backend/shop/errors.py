"""The one error that is written for the reader."""

from __future__ import annotations


class ExplainedError(Exception):
    """An error whose text names the cause and the way out, in one or two plain sentences.

    A notebook shows that text alone: the traceback behind it would say nothing to the reader.
    """

    def _render_traceback_(self) -> list[str]:  # IPython asks for this
        return [f"{type(self).__name__}: {self}"]
