"""Where the boxes and lines of an entity diagram go. Geometry only, in points, y downwards; nothing is drawn here.

Tables stand in columns, what is pointed to left of what points to it. Between two columns is a channel. All foreign
keys to one table run through a channel on one lane, like a tram line with its stops, so that they can be followed.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import networkx as nx

MARGIN, GAP, LANE = 14.0, 14.0, 14.0
COLUMNS = 3  # where no table points to another
CROSSING = 60.0  # a crossing is as bad as a line that is longer by so many points
TRIED_IN_ALL_ORDERS = 4  # lanes of one channel; more are put in the order in which they begin

Net = tuple[str, str]  # the column pointed to: table, column
Slot = str | Net  # what stands in a column of the picture: a table, or a net that passes by
Point = tuple[float, float]
Tops = dict[tuple[int, Slot], float]  # by layer, as a net may pass by several


@dataclass(frozen=True)
class Link:
    """A foreign key: child.column points to parent.key."""

    child: str
    column: str
    parent: str
    key: str

    @property
    def net(self) -> Net:
        return self.parent, self.key


@dataclass(frozen=True)
class Shape:
    """The size of a table's box, and how far below its top the middle of each column's line is."""

    width: float
    height: float
    rows: Mapping[str, float]


@dataclass(frozen=True)
class Plan:
    """Where everything goes: the upper left corner of each box, its width, the corners of each line, the whole's size.

    The boxes of one column are equally wide.
    """

    corners: Mapping[str, Point]
    widths: Mapping[str, float]
    lines: Mapping[Link, Sequence[Point]]
    size: tuple[float, float]


@dataclass(frozen=True)
class _Lane:
    """What a net does in one channel: the heights at which it leaves to the left and to the right."""

    net: Net
    left: tuple[float, ...]
    right: tuple[float, ...]

    @property
    def span(self) -> tuple[float, float]:
        return min(self.left + self.right), max(self.left + self.right)


def plan(shapes: Mapping[str, Shape], links: Iterable[Link]) -> Plan:
    """Place the boxes and lead the lines; the same input gives the same plan."""
    return _Placing(shapes, sorted(links, key=lambda link: (link.child, link.column, link.parent))).plan()


class _Placing:
    def __init__(self, shapes: Mapping[str, Shape], links: Sequence[Link]) -> None:
        self.shapes, self.links = shapes, links
        self.layer = _layers(links)
        self.slots: list[list[Slot]] = [
            [] for _ in range(max(self.layer.values(), default=min(COLUMNS, len(shapes)) - 1) + 1)
        ]
        for name in sorted(self.layer):
            self.slots[self.layer[name]].append(name)
        reach: dict[Net, int] = defaultdict(int)  # the last layer that a net goes to
        for link in links:
            reach[link.net] = max(reach[link.net], self.layer[link.child])
        for net, last in sorted(reach.items()):
            for layer in range(self.layer[net[0]] + 1, last):
                self.slots[layer].append(net)
        for name in sorted(set(shapes) - set(self.layer)):  # what stands alone fills up the shortest column
            shortest = min(range(len(self.slots)), key=self._stack)
            self.slots[shortest].append(name)
            self.layer[name] = shortest

    def plan(self) -> Plan:
        self._improve()
        tops = self._tops()
        corners: dict[str, Point] = {}
        widths: dict[str, float] = {}
        lanes: list[dict[Net, float]] = []
        x = MARGIN
        for layer, channel in enumerate(self._channels(tops)):
            tables = [slot for slot in self.slots[layer] if isinstance(slot, str)]
            width = max((self.shapes[name].width for name in tables), default=0)
            corners |= {name: (x, MARGIN + tops[layer, name]) for name in tables}
            widths |= dict.fromkeys(tables, width)
            x += width
            lanes.append({lane.net: x + LANE * n for n, lane in enumerate(_ordered(channel), start=1)})
            x += LANE * (len(channel) + 1)
        right = x - LANE  # the last channel is there only when a line runs in it
        lines = {link: self._line(link, corners, widths, tops, lanes) for link in self.links}
        bottom = max(y + self.shapes[name].height for name, (_, y) in corners.items())
        return Plan(corners, widths, lines, (right + MARGIN, bottom + MARGIN))

    def _improve(self) -> None:
        """Swap two slots of a column as long as that makes the lines shorter or less crossed."""
        best = self._cost()
        better = True
        while better:
            better = False
            for slots in self.slots:
                for a, b in itertools.combinations(range(len(slots)), 2):
                    slots[a], slots[b] = slots[b], slots[a]
                    cost = self._cost()
                    if cost < best - 1e-6:
                        best, better = cost, True
                    else:
                        slots[a], slots[b] = slots[b], slots[a]

    def _cost(self) -> float:
        channels = self._channels(self._tops())
        length = sum(lane.span[1] - lane.span[0] for lanes in channels for lane in lanes)
        return length + CROSSING * sum(_crossings(_ordered(lanes)) for lanes in channels)

    def _height(self, slot: Slot) -> float:
        return self.shapes[slot].height if isinstance(slot, str) else 0.0

    def _stack(self, layer: int) -> float:
        slots = self.slots[layer]
        return sum(map(self._height, slots)) + GAP * (len(slots) - 1)

    def _tops(self) -> Tops:
        """Stack each column, each slot as near to what it points to as the others and the common height allow."""
        height = max(map(self._stack, range(len(self.slots))))
        tops: Tops = {}
        for layer, slots in enumerate(self.slots):
            y = 0.0
            for slot in slots:
                tops[layer, slot] = max(y, self._wish(layer, slot, tops))
                y = tops[layer, slot] + self._height(slot) + GAP
            bottom = height
            for slot in reversed(slots):
                tops[layer, slot] = min(tops[layer, slot], bottom - self._height(slot))
                bottom = tops[layer, slot] - GAP
        return tops

    def _wish(self, layer: int, slot: Slot, tops: Tops) -> float:
        """Return the top at which the lines of a slot would be straight, on average."""
        if not isinstance(slot, str):
            return self._source(layer - 1, slot, tops)
        wishes = [
            self._source(layer - 1, link.net, tops) - self.shapes[slot].rows[link.column]
            for link in self.links
            if link.child == slot and self.layer[link.parent] < layer
        ]
        return sum(wishes) / len(wishes) if wishes else 0.0

    def _source(self, layer: int, net: Net, tops: Tops) -> float:
        """Return the height at which a net enters the channel right of a layer: at its table, or passing by."""
        table, key = net
        return tops[layer, table] + self.shapes[table].rows[key] if self.layer[table] == layer else tops[layer, net]

    def _channels(self, tops: Tops) -> list[list[_Lane]]:
        left: dict[tuple[int, Net], set[float]] = defaultdict(set)
        right: dict[tuple[int, Net], set[float]] = defaultdict(set)
        for link in self.links:
            child, parent = self.layer[link.child], self.layer[link.parent]
            end = tops[child, link.child] + self.shapes[link.child].rows[link.column]
            if child == parent:  # to itself, or round a ring: both ends on the left of the channel
                left[parent, link.net] |= {self._source(parent, link.net, tops), end}
            for layer in range(parent, child):
                left[layer, link.net].add(self._source(layer, link.net, tops))
                right[layer, link.net].add(end if layer == child - 1 else self._source(layer + 1, link.net, tops))
        return [
            [
                _Lane(net, tuple(sorted(ys)), tuple(sorted(right[layer, net])))
                for (at, net), ys in left.items()
                if at == layer
            ]
            for layer in range(len(self.slots))
        ]

    def _line(
        self,
        link: Link,
        corners: Mapping[str, Point],
        widths: Mapping[str, float],
        tops: Tops,
        lanes: Sequence[Mapping[Net, float]],
    ) -> list[Point]:
        """Return the corners of a line, from the child's edge to the parent's."""
        child, parent = self.layer[link.child], self.layer[link.parent]
        x, y = corners[link.child][0], corners[link.child][1] + self.shapes[link.child].rows[link.column]
        if child == parent:
            x += widths[link.child]
        points = [(x, y)]
        for layer in range(max(child - 1, parent), parent - 1, -1):
            lane, source = lanes[layer][link.net], MARGIN + self._source(layer, link.net, tops)
            points += [(lane, points[-1][1]), (lane, source)]
        return [*points, (corners[link.parent][0] + widths[link.parent], points[-1][1])]


def _layers(links: Sequence[Link]) -> dict[str, int]:
    """Return the column of the picture for each table that has a foreign key or is pointed to by one."""
    graph = nx.DiGraph((link.parent, link.child) for link in links)
    condensed = nx.condensation(graph)  # tables that point to each other in a ring stand in one column
    layer = {
        name: number
        for number, group in enumerate(nx.topological_generations(condensed))
        for node in group
        for name in condensed.nodes[node]["members"]
    }
    for name in sorted(layer):
        children = [layer[child] for child in graph.successors(name) if child != name]
        if children and not set(graph.predecessors(name)) - {name}:
            layer[name] = max(min(children) - 1, 0)
    return layer


def _ordered(lanes: Sequence[_Lane]) -> Sequence[_Lane]:
    """Return the lanes of a channel from left to right, so that few lines cross."""
    lanes = sorted(lanes, key=lambda lane: (lane.span, lane.net))
    if len(lanes) > TRIED_IN_ALL_ORDERS:
        return lanes
    return min(itertools.permutations(lanes), key=_crossings)


def _crossings(lanes: Sequence[_Lane]) -> int:
    crossings = 0
    for one, other in itertools.combinations(lanes, 2):  # one is left of the other
        crossings += sum(_meets(y, other.span) for y in one.right) + sum(_meets(y, one.span) for y in other.left)
        # two lines on the same height would look like one
        crossings += 3 * sum(_meets(y, (end, end)) for y in one.right for end in other.left)
    return crossings


def _meets(y: float, span: tuple[float, float]) -> bool:
    return span[0] - LANE / 3 < y < span[1] + LANE / 3
