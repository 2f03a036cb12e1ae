"""What one snapshot has that another has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workshop.xray.reading import Item, Snapshot

Change = Mapping[str, tuple[Any, Any]]  # field: (before, after)
COUNTED = ("schema", "extension", "type", "table", "column", "constraint", "index", "view", "function", "trigger",
           "policy", "setting")  # fmt: skip
PLURAL = {"index": "indexes", "policy": "policies"}


@dataclass(frozen=True)
class Difference:
    """Two snapshots, compared.

    added, removed: things with their fields; changed: things with the fields that differ; revisions: before, after.
    """

    added: Mapping[Item, Mapping[str, Any]]
    removed: Mapping[Item, Mapping[str, Any]]
    changed: Mapping[Item, Change]
    revisions: tuple[str | None, str | None]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)

    def count(self, kind: str, how: str = "added") -> int:
        """Return how many things of a kind were added, removed or changed."""
        things: Mapping[Item, object] = getattr(self, how)
        return sum(found == kind for found, _ in things)

    def rows(self, table: str) -> int:
        """Return by how many rows a table grew (negative: shrank); a name without a schema means public."""
        item = ("content", table if "." in table else f"public.{table}")
        if item in self.changed:
            before, after = self.changed[item].get("rows", (0, 0))
            return int(after) - int(before)
        grown, shrunk = self.added.get(item, {}), self.removed.get(item, {})
        return int(grown.get("rows", 0)) - int(shrunk.get("rows", 0))

    def tables(self) -> list[str]:
        """Return the tables whose rows differ."""
        items = {*self.added, *self.removed, *self.changed}
        names = sorted(name for kind, name in items if kind == "content")
        return [name for name in names if self.rows(name) or ("content", name) in self.changed]

    def summary(self) -> str:
        """Return one line: "10 tables, 61 columns, 33 constraints, 23 indexes, 1 type, +1,342 rows"."""
        words = []
        for how, sign in (("added", ""), ("removed", "-"), ("changed", "~")):
            counts = Counter({kind: self.count(kind, how) for kind in COUNTED})
            words += [
                f"{sign}{n} {kind if n == 1 else PLURAL.get(kind, kind + 's')}" for kind, n in counts.items() if n
            ]
        if rows := sum(map(self.rows, self.tables())):
            words.append(f"{rows:+,} rows")
        elif self.tables():
            words.append(f"rows changed in {', '.join(name.removeprefix('public.') for name in self.tables())}")
        return ", ".join(words) or ("other changes" if self else "nothing")

    def __str__(self) -> str:
        from workshop.xray import show

        return show.difference_text(self)

    def _repr_html_(self) -> str:
        from workshop.xray import show

        return show.difference_html(self)


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """Return what was added, removed and changed between two snapshots."""
    old, new = before.items, after.items
    changed = {
        item: {
            field: (old[item].get(field), new[item].get(field))
            for field in {**old[item], **new[item]}
            if old[item].get(field) != new[item].get(field)
        }
        for item in old.keys() & new.keys()
    }
    return Difference(
        added={item: new[item] for item in sorted(new.keys() - old.keys())},
        removed={item: old[item] for item in sorted(old.keys() - new.keys())},
        changed={item: fields for item, fields in sorted(changed.items()) if fields},
        revisions=(before.revision, after.revision),
    )
