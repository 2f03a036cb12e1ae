"""Pictures: entity diagrams from the live database, and bars. SVG without any address in it, so they work offline."""

from __future__ import annotations

import html
import io
import itertools
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import networkx as nx
import sqlalchemy as sa
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from shop.errors import ExplainedError

# One style for all pictures: a white card, dark text (contrast AAA), one blue for structure, one orange for links.
INK, PAPER, STRUCTURE, HEADING, LINK = "#1c2430", "#ffffff", "#2b5b84", "#e3ecf4", "#b3470b"
FONT = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "svg.fonttype": "none",
    "svg.hashsalt": "workshop",
}
UNIT = 72 / 10  # points to inches and back: sizes below are in points
LINE, PADDING, GAP_X, GAP_Y = 11.0, 6.0, 46.0, 16.0
_numbers = itertools.count(1)


class DrawError(ExplainedError):
    """There is nothing to draw."""


@dataclass(frozen=True)
class Drawing:
    """A picture: the SVG's text, and what it shows, for those who do not see it."""

    svg: str
    description: str

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: Path) -> None:
        """Write the picture to an .svg file."""
        path.write_text(self.svg, encoding="utf-8")


@dataclass(frozen=True)
class _Table:
    name: str
    columns: Sequence[tuple[str, str, str]]  # (mark, name, type); mark: key, link or nothing

    @property
    def width(self) -> float:
        widest = max([len(self.name) * 1.15, *(len(f"{name}  {kind}") + 3 for _, name, kind in self.columns)])
        return widest * 5.1 + 2 * PADDING

    @property
    def height(self) -> float:
        return LINE * (len(self.columns) + 1) + 3 * PADDING


def entities(connection: sa.Connection, tables: list[str] | None = None) -> Drawing:
    """Draw the tables of the schema public with their columns, and an arrow for every foreign key.

    Args:
        connection: the live database.
        tables: only these; all when None, Alembic's own left out.

    Raises:
        DrawError: the database has no (such) table.
    """
    found = _tables(connection, tables)
    if not found:
        raise DrawError("There is no table to draw here: has an upgrade run?")
    links = [(a, b) for a, b in _foreign_keys(connection) if a in found and b in found]
    places, size = _places(found, links)
    figure = Figure(figsize=(size[0] / 72, size[1] / 72))
    with mpl.rc_context(FONT):
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_xlim(0, size[0])
        axes.set_ylim(size[1], 0)
        axes.axis("off")
        for child, parent in sorted(set(links)):
            _arrow(axes, found[child], places[child], found[parent], places[parent])
        for name, table in found.items():
            _box(axes, table, *places[name])
        return _drawing(figure, "Tables and foreign keys: " + ", ".join(found))


def bars(values: Mapping[str, float], title: str, unit: str = "") -> Drawing:
    """Draw horizontal bars with their values.

    Raises:
        DrawError: there are no values.
    """
    if not values:
        raise DrawError(f"There is nothing to draw for {title!r}.")
    names, numbers = list(map(str, values)), list(map(float, values.values()))
    figure = Figure(figsize=(7.2, 0.6 + 0.3 * len(names)), layout="constrained")
    with mpl.rc_context(FONT):
        axes = figure.subplots()
        drawn = axes.barh(names, numbers, color=STRUCTURE, height=0.7)
        axes.bar_label(drawn, [f"{number:,g} {unit}".strip() for number in numbers], padding=4, color=INK, fontsize=9)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set_title(title, loc="left", color=INK, fontsize=11)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, colors=INK, labelsize=9)
        axes.set_xticks([])
        pairs = ", ".join(f"{name} {number:,g}" for name, number in zip(names, numbers, strict=True))
        return _drawing(figure, f"{title}: {pairs}")


# -- reading ---------------------------------------------------------------------------------------------------------

_COLUMNS = sa.text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
           bool_or(k.contype = 'p') AS key, bool_or(k.contype = 'f') AS link
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND a.attnum = ANY(k.conkey) AND k.contype IN ('p', 'f')
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
    GROUP BY c.relname, a.attnum, a.attname, a.atttypid, a.atttypmod ORDER BY c.relname, a.attnum
""")
_LINKS = sa.text("""
    SELECT c.relname, p.relname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
    WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace ORDER BY 1, 2
""")
_SHORT = {"character varying": "varchar", "timestamp with time zone": "timestamptz", "boolean": "bool"}


def _tables(connection: sa.Connection, wanted: list[str] | None) -> dict[str, _Table]:
    columns: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for table, name, kind, key, link in connection.execute(_COLUMNS):
        if wanted is None or table in wanted:
            for long, short in _SHORT.items():
                kind = kind.replace(long, short)  # noqa: PLW2901
            columns[table].append(("key" if key else "link" if link else "", name, kind))
    return {name: _Table(name, tuple(found)) for name, found in columns.items()}


def _foreign_keys(connection: sa.Connection) -> list[tuple[str, str]]:
    return [(child, parent) for child, parent in connection.execute(_LINKS)]


# -- placing ---------------------------------------------------------------------------------------------------------


def _places(
    tables: Mapping[str, _Table], links: list[tuple[str, str]]
) -> tuple[dict[str, tuple[float, float]], tuple[float, float]]:
    """Place tables in columns: what nobody points from stands left, what points to it right of it. Sizes in points."""
    graph = nx.DiGraph()
    graph.add_nodes_from(tables)
    graph.add_edges_from((parent, child) for child, parent in links if child != parent)
    condensed = nx.condensation(graph)  # tables that point to each other in a ring share a layer
    layer_of = {
        name: layer
        for layer, group in enumerate(nx.topological_generations(condensed))
        for node in group
        for name in condensed.nodes[node]["members"]
    }
    linked = {name for link in links for name in link}
    layers: dict[int, list[str]] = defaultdict(list)
    for name in tables:
        # tables that stand alone fill up the last column, where there is room
        layers[layer_of[name] if name in linked else max(layer_of.values())].append(name)
    places: dict[str, tuple[float, float]] = {}
    x, height = GAP_Y, 0.0
    for layer in sorted(layers):
        middle = {name: _mean([places[p][1] for c, p in links if c == name and p in places]) for name in layers[layer]}
        y = GAP_Y
        for name in sorted(layers[layer], key=lambda one: (middle[one], one)):
            places[name] = (x, y)
            y += tables[name].height + GAP_Y
        height = max(height, y)
        x += max(tables[name].width for name in layers[layer]) + GAP_X
    return places, (x - GAP_X + GAP_Y, height)


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else float("inf")


# -- painting --------------------------------------------------------------------------------------------------------


def _box(axes: mpl.axes.Axes, table: _Table, x: float, y: float) -> None:
    style = "round,pad=0,rounding_size=3"
    axes.add_patch(FancyBboxPatch((x, y), table.width, table.height, boxstyle=style, fc=PAPER, ec=STRUCTURE, lw=1))
    axes.add_patch(FancyBboxPatch((x, y), table.width, LINE + PADDING, boxstyle=style, fc=HEADING, ec=STRUCTURE, lw=1))
    axes.text(x + PADDING, y + LINE, table.name, fontsize=8.5, weight="bold", color=INK)
    for row, (mark, name, kind) in enumerate(table.columns, start=2):
        line = y + LINE * row + PADDING
        color = {"key": STRUCTURE, "link": LINK}.get(mark, INK)
        axes.text(x + PADDING, line, name, fontsize=7.5, color=color, weight="bold" if mark == "key" else "normal")
        axes.text(x + table.width - PADDING, line, kind, fontsize=7, color="#55606e", ha="right")


def _arrow(
    axes: mpl.axes.Axes, child: _Table, at: tuple[float, float], parent: _Table, to: tuple[float, float]
) -> None:
    """From the left edge of the table that points to the right edge of the one that is pointed to."""
    start = (at[0], at[1] + min(child.height / 2, 40))
    end = (to[0] + parent.width, to[1] + min(parent.height / 2, 40))
    curve = "arc3,rad=0.05" if at[0] > to[0] else "arc3,rad=0.4"
    axes.add_patch(
        FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, color=LINK, lw=0.9, connectionstyle=curve)
    )


def _drawing(figure: Figure, description: str) -> Drawing:
    """Return the figure as SVG: ids of its own, real text, a title for those who do not see it, no date."""
    out = io.StringIO()
    figure.savefig(out, format="svg", facecolor=PAPER, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    own = f"d{next(_numbers)}-"
    text = re.sub(r'(\bid="|href="#|url\(#)', lambda found: found[1] + own, text)
    label = html.escape(description, quote=True)
    text = re.sub(r"<svg ", f'<svg role="img" aria-label="{label}" style="max-width:100%;height:auto" ', text, count=1)
    return Drawing(re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL), description)
