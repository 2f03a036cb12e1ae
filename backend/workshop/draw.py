"""Pictures: entity diagrams from the live database, bars, curves, maps of vectors, and neighbourhoods in a graph.

SVG without any address in it, so they work offline.
"""

from __future__ import annotations

import html
import io
import itertools
import re
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

import matplotlib as mpl
import networkx as nx
import numpy as np
import pandas as pd
import sqlalchemy as sa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Circle, PathPatch, Polygon, Rectangle
from matplotlib.path import Path as MplPath
from matplotlib.textpath import text_to_path

from shop.errors import ExplainedError
from workshop import placing
from workshop.agtype import Edge, Path, Vertex

# One style for all pictures: a white card, dark text, one blue for structure; each colour reads on white (AA).
INK, QUIET, PAPER, STRUCTURE, HEADING = "#1c2430", "#55606e", "#ffffff", "#2b5b84", "#e3ecf4"
LINKS = ("#b3470b", "#7a3e9d", "#1a7444", "#b0224f", "#0b6e75", "#8a5a00", "#2f4fb5", "#5c6100", "#8c3a2e", "#4d4d4d")
FONT = "DejaVu Sans"  # comes with matplotlib and is wider than most: a reader's own sans-serif fits, too
STYLE = {"font.family": "sans-serif", "font.sans-serif": [FONT], "svg.fonttype": "none", "svg.hashsalt": "workshop"}
# Sizes in points
NAME, COLUMN, TYPE = 10.0, 9.0, 8.0
HEAD, LINE, PADDING, SPACE, CORNER, ARROW = 19.0, 13.0, 7.0, 14.0, 4.0, 7.0
MOST_VERTICES, LONGEST_CAPTION = 60, 34
BEHIND = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none", "alpha": 0.75}
_numbers = itertools.count(1)


class DrawError(ExplainedError):
    """There is nothing to draw."""


@dataclass(frozen=True)
class Drawing:
    """A picture: the SVG's text, and what it shows, for those who do not see it."""

    svg: str
    description: str

    def _repr_html_(self) -> str:
        # As HTML and not as image/svg+xml: JupyterLab would show that as an image, without its text and its name.
        return self.svg

    def save(self, path: FilePath) -> None:
        """Write the picture to an .svg file."""
        path.write_text(self.svg, encoding="utf-8")


@dataclass(frozen=True)
class _Table:
    name: str
    columns: Sequence[tuple[str, str, bool]]  # name, type, whether it belongs to the primary key

    def shape(self) -> placing.Shape:
        """Measure the box: wide enough for its longest line."""
        lines = [_wide(name, COLUMN, key) + SPACE + _wide(kind, TYPE) for name, kind, key in self.columns]
        rows = {name: HEAD + PADDING + LINE * (n + 0.5) for n, (name, _, _) in enumerate(self.columns)}
        width = max(_wide(self.name, NAME, bold=True), *lines, 0) + 2 * PADDING
        return placing.Shape(width, HEAD + LINE * len(self.columns) + 2 * PADDING, rows)


def entities(connection: sa.Connection, tables: list[str] | None = None) -> Drawing:
    """Draw the tables of the schema public with their columns, and a line for every foreign key.

    A line has the colour of the column that it starts from, and ends with an arrow at what is pointed to.

    Args:
        connection: the live database.
        tables: only these; all when None, Alembic's own left out.

    Raises:
        DrawError: the database has no (such) table.
    """
    found = _tables(connection, tables)
    if not found:
        raise DrawError("There is no table to draw here: has an upgrade run?")
    if missing := sorted(set(tables or ()) - set(found)):
        raise DrawError(f"There is no table {', '.join(missing)} in this database: has its step run?")
    links = [link for link in _links(connection) if link.child in found and link.parent in found]
    plan = placing.plan({name: table.shape() for name, table in found.items()}, links)
    colors = dict(zip(sorted({link.parent for link in links}), itertools.cycle(LINKS), strict=False))
    figure = Figure(figsize=(plan.size[0] / 72, plan.size[1] / 72))
    with mpl.rc_context(STYLE):
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, plan.size[0]), ylim=(plan.size[1], 0))
        axes.axis("off")
        for color, lines in _by_color(plan, colors):
            _draw_lines(axes, lines, color)
        for name, table in found.items():
            inks = {link.column: colors[link.parent] for link in links if link.child == name}
            _draw_table(axes, table, inks, plan.corners[name], plan.widths[name])
        return _drawing(figure, _description(found, links))


def bars(values: Mapping[str, float], title: str, unit: str = "") -> Drawing:
    """Draw horizontal bars with their values.

    Raises:
        DrawError: there are no values.
    """
    if not values:
        raise DrawError(f"There is nothing to draw for {title!r}.")
    names, numbers = list(map(str, values)), list(map(float, values.values()))
    figure = Figure(figsize=(7.2, 0.6 + 0.3 * len(names)), layout="constrained")
    with mpl.rc_context(STYLE):
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


def curves(lines: Mapping[str, Sequence[tuple[float, float, str]]], title: str, x: str, y: str) -> Drawing:
    """Draw a line of points for each name: what is paid to the right, on a scale of powers of ten, what is got upwards.

    Args:
        lines: points (x above 0, y, label) by name; a name with one point is drawn as a diamond.
        title, x, y: what stands over the picture and at its axes.

    Raises:
        DrawError: there is no point.
    """
    if not any(lines.values()):
        raise DrawError(f"There is nothing to draw for {title!r}.")
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    with mpl.rc_context(STYLE):
        axes = figure.subplots()
        for (name, points), color in zip(lines.items(), itertools.cycle(LINKS), strict=False):
            right, up, labels = zip(*points, strict=True)
            sign, size = ("D", 7) if len(points) == 1 else ("o", 5)
            axes.plot(right, up, sign, ls="-", ms=size, color=color, label=name, lw=1.4)
            for place, label in zip(zip(right, up, strict=True), labels, strict=True):
                axes.annotate(label, place, (4, -9), textcoords="offset points", fontsize=7, color=QUIET)
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter("{x:g}")
        axes.grid(color=HEADING, lw=0.8)
        axes.set_title(title, loc="left", color=INK, fontsize=11)
        axes.set_xlabel(x, color=INK, fontsize=9)
        axes.set_ylabel(y, color=INK, fontsize=9)
        axes.tick_params(which="both", colors=INK, labelsize=9)
        axes.spines[:].set_color(HEADING)
        axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left", bbox_to_anchor=(1, 1))
        told = "; ".join(
            f"{name}: " + ", ".join(f"{up:.3g} for {right:.3g} {label}".strip() for right, up, label in points)
            for name, points in lines.items()
        )
        return _drawing(figure, f"{title} ({y} for {x}). {told}")


def vectors(rows: Sequence[Sequence[float]], groups: Sequence[str], title: str, marked: str = "") -> Drawing:
    """Draw vectors as points on a map, coloured by group: near on the map is mostly near in truth.

    The map has the two directions in which the vectors differ most (principal components); its description says how
    much of all difference these two hold, since the rest is not to be seen.

    Args:
        rows: n vectors of the same length.
        groups: n names; each gets a colour, at most ten do.
        marked: a group to be drawn as large stars on top.

    Raises:
        DrawError: there are fewer than three vectors, or not as many groups.
    """
    if len(rows) < 3 or len(rows) != len(groups):
        raise DrawError(f"{title!r} needs at least three vectors, and a group for each: {len(rows)}, {len(groups)}.")
    places, share = _flattened(np.asarray(rows, float))
    names = sorted(set(groups) - {marked})
    figure = Figure(figsize=(7.2, 5.2), layout="constrained")
    with mpl.rc_context(STYLE):
        axes = figure.subplots()
        for name, color in [*zip(names, itertools.cycle(LINKS)), *([(marked, INK)] if marked in groups else [])]:
            x, y = places[[group == name for group in groups]].T
            size, sign = (220, "*") if name == marked else (26, "o")
            axes.scatter(x, y, s=size, marker=sign, color=color, label=name, linewidths=0)
        axes.set_title(title, loc="left", color=INK, fontsize=11)
        axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left", bbox_to_anchor=(1, 1))
        axes.spines[:].set_color(HEADING)
        axes.set(xticks=[], yticks=[], aspect="equal")
        counts = ", ".join(f"{name} {list(groups).count(name)}" for name in dict.fromkeys(groups))
        return _drawing(figure, f"{title}: a map with {share:.0%} of the difference between the vectors; {counts}")


def graph(rows: Iterable[Iterable[Any]] | pd.DataFrame, title: str) -> Drawing:
    """Draw every vertex, edge and path in the rows of a query: vertices coloured by label, edges named.

    An edge whose two ends are not both in the rows is left out, and the description says so.

    Args:
        rows: what `%%cypher` returns; lists and maps are looked into.

    Raises:
        DrawError: there is no vertex, or there are more than a reader can tell apart.
    """
    found = list(_elements(rows.to_numpy().tolist() if isinstance(rows, pd.DataFrame) else rows))
    vertices = {one.id: one for one in found if isinstance(one, Vertex)}
    all_edges = {one.id: one for one in found if isinstance(one, Edge)}
    edges = {key: one for key, one in all_edges.items() if {one.start, one.end} <= vertices.keys()}
    if not vertices:
        raise DrawError(
            "There is no vertex to draw: return vertices or paths, as in MATCH path = (a)-[]-(b) RETURN path."
        )
    if len(vertices) > MOST_VERTICES:
        raise DrawError(
            f"{len(vertices)} vertices are more than {MOST_VERTICES}, and nobody could read them: use LIMIT."
        )
    net = nx.MultiDiGraph((one.start, one.end) for one in edges.values())
    net.add_nodes_from(vertices)
    places = nx.spring_layout(net, k=2.4 / len(vertices) ** 0.5, iterations=300, seed=7)
    figure = Figure(figsize=(7.2, min(7.2, 3 + 0.2 * len(vertices))), layout="constrained")
    with mpl.rc_context(STYLE):
        axes = figure.subplots()
        _draw_edges(axes, edges.values(), places)
        _draw_vertices(axes, vertices.values(), places)
        axes.set_title(title, loc="left", color=INK, fontsize=11, parse_math=False)
        axes.axis("off")
        axes.margins(0.16, 0.1)
        return _drawing(figure, _told(vertices, edges.values(), len(all_edges) - len(edges)))


def _elements(value: Any) -> Iterator[Vertex | Edge]:
    """Yield the vertices and edges in a value, however deep."""
    if isinstance(value, Vertex | Edge):
        yield value
    elif isinstance(value, Path):
        yield from value.elements
    elif isinstance(value, Mapping):
        yield from _elements(list(value.values()))
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for one in value:
            yield from _elements(one)


def _draw_edges(axes: Axes, edges: Iterable[Edge], places: Mapping[int, Any]) -> None:
    """Draw arrows, bent when several join the same two vertices; the label stands in the middle."""
    beside: Counter[frozenset[int]] = Counter()
    for edge in edges:
        ends = frozenset((edge.start, edge.end))
        start, end = places[edge.start], places[edge.end]
        bend = 0.18 * beside[ends] * (1 if edge.start < edge.end else -1)
        beside[ends] += 1
        look = {"arrowstyle": "-|>", "color": QUIET, "shrinkA": 9, "shrinkB": 10, "lw": 0.9,
                "connectionstyle": f"arc3,rad={bend}"}  # fmt: skip
        axes.annotate("", end, start, arrowprops=look)
        across = np.array([end[1] - start[1], start[0] - end[0]])
        middle = (start + end) / 2 + across * bend / 2
        said = edge.properties.get("sentiment")
        words = edge.label + (f" {said}" if said else "")
        axes.text(
            middle[0],
            middle[1],
            words,
            fontsize=6.5,
            color=QUIET,
            ha="center",
            va="center",
            bbox=BEHIND,
            parse_math=False,
        )


def _draw_vertices(axes: Axes, vertices: Iterable[Vertex], places: Mapping[int, Any]) -> None:
    labels = dict.fromkeys(sorted({one.label for one in vertices}))
    for label, color in zip(labels, itertools.cycle(LINKS), strict=False):
        group = [one for one in vertices if one.label == label]
        x, y = zip(*(places[one.id] for one in group), strict=True)
        axes.scatter(x, y, s=130, color=color, edgecolors=PAPER, label=label, zorder=3)
        for one in group:
            said = textwrap.shorten(one.caption, LONGEST_CAPTION, placeholder=" ...") or one.label
            axes.annotate(said, places[one.id], (0, 9), textcoords="offset points", fontsize=8, color=INK, ha="center",
                          bbox=BEHIND, zorder=4, parse_math=False)  # fmt: skip
    axes.legend(frameon=False, fontsize=9, labelcolor=INK, loc="upper left", bbox_to_anchor=(0, 0), ncols=len(labels))


def _told(vertices: Mapping[int, Vertex], edges: Iterable[Edge], left_out: int) -> str:
    """Say the graph in words: what there is, and each edge between two captions."""
    said = "; ".join(f"{vertices[one.start].caption} {one.label} {vertices[one.end].caption}" for one in edges)
    counts = Counter(one.label for one in vertices.values())
    words = "A graph of " + ", ".join(f"{number} {label}" for label, number in sorted(counts.items()))
    rest = f". {left_out} edges are not drawn, since an end of theirs was not returned" if left_out else ""
    return f"{words}: {said}{rest}" if said else words + rest


def _flattened(rows: np.ndarray) -> tuple[np.ndarray, float]:
    """Return the first two principal components of n vectors, shape (n, 2), and their share of the variance."""
    centred = rows - rows.mean(axis=0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    places = left[:, :2] * sizes[:2]
    sides = np.sign(places[np.abs(places).argmax(axis=0), [0, 1]])  # a component has no sign of its own
    return places * sides, float((sizes[:2] ** 2).sum() / max((sizes**2).sum(), 1e-12))


# -- reading ---------------------------------------------------------------------------------------------------------

_COLUMNS = sa.text("""
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), coalesce(a.attnum = ANY(k.conkey), false)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
    ORDER BY c.relname, a.attnum
""")
_LINKS = sa.text("""
    SELECT child.relname, a.attname, parent.relname, b.attname
    FROM pg_constraint k
    JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
    JOIN pg_attribute a ON a.attrelid = child.oid AND a.attnum = k.conkey[1]
    JOIN pg_attribute b ON b.attrelid = parent.oid AND b.attnum = k.confkey[1]
    WHERE k.contype = 'f' AND child.relnamespace = 'public'::regnamespace
    ORDER BY 1, 2, 3
""")
_SHORT = {
    "character varying": "varchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "double precision": "float8",
    "boolean": "bool",
}


def _tables(connection: sa.Connection, wanted: list[str] | None) -> dict[str, _Table]:
    columns: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for table, name, kind, key in connection.execute(_COLUMNS):
        if wanted is None or table in wanted:
            short = next((kind.replace(long, word) for long, word in _SHORT.items() if long in kind), kind)
            columns[table].append((name, short, key))
    return {name: _Table(name, tuple(found)) for name, found in columns.items()}


def _links(connection: sa.Connection) -> list[placing.Link]:
    """Return the foreign keys; one of several columns is drawn from its first."""
    return [placing.Link(*row) for row in connection.execute(_LINKS)]


def _description(tables: Iterable[str], links: Sequence[placing.Link]) -> str:
    said = "Tables: " + ", ".join(tables) + "."
    if links:
        said += " Foreign keys: " + ", ".join(f"{one.child}.{one.column} to {one.parent}" for one in links) + "."
    return said


# -- painting --------------------------------------------------------------------------------------------------------


def _wide(text: str, size: float, bold: bool = False) -> float:
    """Return the width of a text in points, as the renderer measures it."""
    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


def _draw_table(axes: Axes, table: _Table, inks: Mapping[str, str], corner: placing.Point, width: float) -> None:
    shape, (x, y) = table.shape(), corner
    axes.add_patch(Rectangle((x, y), width, shape.height, fc=PAPER, ec=STRUCTURE, lw=1))
    axes.add_patch(Rectangle((x, y), width, HEAD, fc=HEADING, ec=STRUCTURE, lw=1))
    left, right = x + PADDING, x + width - PADDING
    middle: dict[str, Any] = {"va": "center_baseline", "parse_math": False}
    axes.text(left, y + HEAD / 2, table.name, fontsize=NAME, weight="bold", color=INK, **middle)
    for name, kind, key in table.columns:
        line, weight = y + shape.rows[name], "bold" if key else "normal"
        axes.text(left, line, name, fontsize=COLUMN, color=inks.get(name, INK), weight=weight, **middle)
        axes.text(right, line, kind, fontsize=TYPE, color=QUIET, ha="right", **middle)


def _by_color(plan: placing.Plan, colors: Mapping[str, str]) -> Iterator[tuple[str, list[Sequence[placing.Point]]]]:
    for parent, color in colors.items():
        yield color, [line for link, line in plan.lines.items() if link.parent == parent]


def _draw_lines(axes: Axes, lines: Sequence[Sequence[placing.Point]], color: str) -> None:
    """Draw the lines that end at one table: with a white edge, so that a crossing looks like a bridge."""
    for line in lines:
        axes.add_patch(PathPatch(_rounded(line), fc="none", ec=PAPER, lw=3.5))
    for line in lines:
        axes.add_patch(PathPatch(_rounded(line), fc="none", ec=color, lw=1.2))
        axes.add_patch(Circle(line[0], 2, fc=color, ec="none"))
    x, y = lines[0][-1]
    axes.add_patch(Polygon([(x, y), (x + ARROW, y - ARROW / 2), (x + ARROW, y + ARROW / 2)], fc=color, ec="none"))


def _rounded(line: Sequence[placing.Point]) -> MplPath:
    """Return a path along the points, its corners rounded."""
    points = [np.array(point) for n, point in enumerate(line) if n == 0 or point != line[n - 1]]
    vertices, codes = [points[0]], [MplPath.MOVETO]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        cut = min(CORNER, *(float(np.abs(corner - other).sum()) / 2 for other in (before, after)))
        enter, leave = (corner + cut * np.sign(other - corner) for other in (before, after))
        vertices += [enter, corner, leave]
        codes += [MplPath.LINETO, MplPath.CURVE3, MplPath.CURVE3]
    return MplPath([*vertices, points[-1]], [*codes, MplPath.LINETO])


def _drawing(figure: Figure, description: str) -> Drawing:
    """Return the figure as SVG: ids of its own, real text, a name for those who do not see it, no date."""
    out = io.StringIO()
    figure.savefig(out, format="svg", facecolor=PAPER, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    own = f"d{next(_numbers)}-"
    text = re.sub(r'(\bid="|href="#|url\(#)', lambda found: found[1] + own, text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # matplotlib's style sheet speaks of every element of the page that the picture stands in
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    look = "max-width:100%;height:auto;stroke-linejoin:round;stroke-linecap:butt"
    label = html.escape(description, quote=True)
    return Drawing(text.replace("<svg ", f'<svg role="img" aria-label="{label}" style="{look}" ', 1), description)
