"""%%solve: a cell that holds the learner's repair of an exercise."""

from __future__ import annotations

from typing import Any

from IPython.core.magic import Magics, cell_magic, magics_class, needs_local_scope

from workshop.labs import Lab, LabError


@magics_class
class LabMagics(Magics):  # type: ignore[misc]
    """%%solve."""

    @needs_local_scope
    @cell_magic
    def solve(self, line: str, cell: str, local_ns: dict[str, Any] | None = None) -> None:
        """Carry out the repair of a lab's exercise: SQL, a draft, or commands; dots stand for the workshop's own."""
        lab = next((one for one in (local_ns or {}).values() if isinstance(one, Lab)), None)
        if lab is None:
            raise LabError("First run the cell with: lab = workshop.lab(...)")
        lab.solve(line.strip(), cell)
