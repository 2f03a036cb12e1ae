"""Where boxes and lines go: nothing overlaps, no line runs through a box."""

from __future__ import annotations

import itertools
import random

import pytest

from workshop.placing import Link, Shape, plan

LINE = 13.0


def shape(*columns, width=120.0):
    return Shape(width, 33 + LINE * len(columns), {name: 26 + LINE * (n + 0.5) for n, name in enumerate(columns)})


def a_schema(tables, seed):
    """Return shapes and links of a schema that nobody designed: rings, self-references, tables that stand alone."""
    chance = random.Random(seed)
    names = [f"t{n:02}" for n in range(tables)]
    links = [
        Link(child, f"c{n}", chance.choice(names[: names.index(child) + 2]), "id")
        for child in names
        for n in range(chance.randint(0, 3))
    ]
    columns = {name: ["id", *(f"c{n}" for n in range(chance.randint(3, 9)))] for name in names}
    return {name: shape(*columns[name], width=chance.randint(80, 250)) for name in names}, links


def boxes(shapes, made):
    return {name: (x, y, x + made.widths[name], y + shapes[name].height) for name, (x, y) in made.corners.items()}


def overlap(one, other):
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("tables", [1, 2, 5, 12, 20])
def test_nothing_overlaps_and_no_line_runs_through_a_box(tables, seed):
    shapes, links = a_schema(tables, seed)
    made = plan(shapes, links)
    placed = boxes(shapes, made)
    assert set(placed) == set(shapes)
    assert not [pair for pair in itertools.combinations(placed, 2) if overlap(placed[pair[0]], placed[pair[1]])]
    assert set(made.lines) == set(links)
    for link, line in made.lines.items():
        for (x1, y1), (x2, y2) in itertools.pairwise(line):
            assert x1 == x2 or y1 == y2, f"{link} runs aslant"
            segment = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
            assert not [name for name, box in placed.items() if overlap(segment, box)], f"{link} runs through a box"
    for x1, y1, x2, y2 in placed.values():
        assert x1 >= 0 and y1 >= 0 and x2 <= made.size[0] and y2 <= made.size[1]
    for x, y in itertools.chain.from_iterable(made.lines.values()):
        assert 0 <= x <= made.size[0] and 0 <= y <= made.size[1]


def test_a_line_goes_from_the_foreign_key_to_the_key():
    shapes = {"products": shape("id", "name"), "reviews": shape("id", "product_id", "body")}
    link = Link("reviews", "product_id", "products", "id")
    made = plan(shapes, [link])
    start, end = made.lines[link][0], made.lines[link][-1]
    placed = boxes(shapes, made)
    assert start == (placed["reviews"][0], placed["reviews"][1] + shapes["reviews"].rows["product_id"])
    assert end == (placed["products"][2], placed["products"][1] + shapes["products"].rows["id"])
    assert placed["products"][2] < placed["reviews"][0], "what is pointed to stands left"


def test_a_table_may_point_to_itself():
    link = Link("staff", "boss_id", "staff", "id")
    made = plan({"staff": shape("id", "boss_id")}, [link])
    right = made.corners["staff"][0] + made.widths["staff"]
    assert made.lines[link][0][0] == made.lines[link][-1][0] == right
    assert max(x for x, _ in made.lines[link]) > right


def test_the_order_of_what_is_given_does_not_matter():
    shapes, links = a_schema(9, seed=3)
    assert plan(dict(reversed(shapes.items())), reversed(links)) == plan(shapes, links)
