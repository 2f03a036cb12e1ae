"""What one snapshot has that another has not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workshop.xray.reading import Item, Snapshot

Change = Mapping[str, tuple[Any, Any]]  # field: (before, after)
COUNTED = ("schema", "extension", "type", "table", "column", "constraint", "index", "view", "function", "trigger",
           "rule", "policy", "grant", "setting", "other")  # fmt: skip
PLURALS = {
    "index": "indexes",
    "policy": "policies",
    "other": "other things",
    "vertex": "vertices",
    "content": "tables' rows",
}
MANY = 4  # so many names are counted instead of written out


@dataclass(frozen=True)
class Difference:
    """Two snapshots, compared.

    added, removed: things with their fields; changed: things with the fields that differ, each as (before, after);
    revisions: before, after; context: the fields of everything in either snapshot, to tell a change in full.
    It is true exactly when the fingerprints differ.
    """

    added: Mapping[Item, Mapping[str, Any]]
    removed: Mapping[Item, Mapping[str, Any]]
    changed: Mapping[Item, Change]
    revisions: tuple[str | None, str | None]
    context: Mapping[Item, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.revisions[0] != self.revisions[1])

    def count(self, kind: str, how: str = "added") -> int:
        """Return how many things of a kind were added, removed or changed."""
        things: Mapping[Item, object] = getattr(self, how)
        return sum(found == kind for found, _ in things)

    def rows(self, table: str) -> int:
        """Return by how many rows a table grew (negative: shrank); a name without a schema means public."""
        return self.growth(("content", table if "." in table else f"public.{table}"), "rows")

    def growth(self, item: Item, number: str) -> int:
        """Return by how much a number of a thing grew; what was added grew from 0."""
        if item in self.changed:
            before, after = self.changed[item].get(number, (0, 0))
            return int(after) - int(before)
        return int(self.added.get(item, {}).get(number, 0)) - int(self.removed.get(item, {}).get(number, 0))

    def tables(self) -> list[str]:
        """Return the tables whose content differs."""
        names = sorted(name for kind, name in self.items() if kind == "content")
        return [name for name in names if self.rows(name) or ("content", name) in self.changed]

    def rewritten(self) -> list[str]:
        """Return the tables that have as many rows and the same columns as before, and other values in them."""
        reshaped = {self.context[item].get("table") for item in (*self.added, *self.removed) if item[0] == "column"}
        return [name for name in self.tables() if not self.rows(name) and name not in reshaped]

    def items(self) -> Iterator[Item]:
        """Yield every thing that differs."""
        yield from self.added
        yield from self.removed
        yield from self.changed

    def summary(self) -> str:
        """Return one line: "10 tables, 61 columns, 33 constraints, 23 indexes, 1 type, +1,342 rows"."""
        words = []
        only_longer = sum(map(self.only_columns_came_or_went, self.changed))
        for how, sign in (("added", ""), ("removed", "-"), ("changed", "~")):
            counts = Counter({kind: self.count(kind, how) for kind in COUNTED})
            if how == "changed":
                counts["table"] -= only_longer  # the columns are counted themselves
            words += [f"{sign}{counted(n, kind)}" for kind, n in counts.items() if n]
        words += self._grown()
        if not words and self:
            counts = Counter(kind for kind, _ in self.items())
            words = [f"~{counted(n, kind)}" for kind, n in counts.items()] or ["only the revision"]
        return ", ".join(words) or "nothing"

    def only_columns_came_or_went(self, item: Item) -> bool:
        """Tell whether all that changed in a table is its list of columns, and those that stayed kept their order."""
        if item[0] != "table" or set(self.changed[item]) != {"columns"}:
            return False
        before, after = (columns or [] for columns in self.changed[item]["columns"])
        return [one for one in before if one in after] == [one for one in after if one in before]

    def _grown(self) -> Iterator[str]:
        """Say what is counted in rows: those of the tables, vectors, vertices and edges; gains and losses apart."""
        gains: Counter[str] = Counter()
        losses: Counter[str] = Counter()
        numbers = {"content": "rows", "vectors": "filled", "graph": "rows"}
        for item in self.items():
            if number := self.growth(item, numbers.get(item[0], "")):
                kind = "row" if item[0] == "content" else self.context[item].get("label", "vector")
                (gains if number > 0 else losses)[kind] += number
        yield from (counted(number, kind, "+") for kind, number in (*gains.items(), *losses.items()))
        names = [name.removeprefix("public.") for name in self.rewritten()]
        if names:
            yield f"rows changed in {', '.join(names) if len(names) < MANY else counted(len(names), 'table')}"

    def __str__(self) -> str:
        from workshop.xray import show

        return show.difference_text(self)

    def _repr_html_(self) -> str:
        from workshop.xray import show

        return show.difference_html(self)


def counted(number: int, kind: str, sign: str = "") -> str:
    """Return "1 index", "2 indexes", "+1,342 rows"."""
    return f"{number:{sign},} {kind if abs(number) == 1 else PLURALS.get(kind, kind + 's')}"


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """Return what was added, removed and changed between two snapshots."""
    old, new = before.items, after.items
    changed = {
        item: {
            name: (old[item].get(name), new[item].get(name))
            for name in {**old[item], **new[item]}
            if old[item].get(name) != new[item].get(name)
        }
        for item in sorted(old.keys() & new.keys())
    }
    return Difference(
        added=_only(new, old),
        removed=_only(old, new),
        changed={item: fields for item, fields in changed.items() if fields},
        revisions=(before.revision, after.revision),
        context={**old, **new},
    )


def _only(these: Mapping[Item, Mapping[str, Any]], those: Mapping[Item, object]) -> dict[Item, Mapping[str, Any]]:
    return {item: these[item] for item in sorted(these.keys() - those.keys())}
