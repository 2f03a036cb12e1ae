"""agtype as Python values: what AGE writes is read, and a text is never taken for a mark."""

from decimal import Decimal

import pytest

from workshop import agtype
from workshop.agtype import Edge, Path, Vertex

V = '{"id": 1, "label": "P", "properties": {"name": "a"}}::vertex'
W = '{"id": 2, "label": "P", "properties": {"id": 7}}::vertex'
E = '{"id": 3, "label": "K", "end_id": 2, "start_id": 1, "properties": {}}::edge'
ONE, OTHER = Vertex(1, "P", {"name": "a"}), Vertex(2, "P", {"id": 7})
KNOWS = Edge(3, "K", 1, 2, {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (None, None),
        ("null", None),
        ("7", 7),
        ("1.5", 1.5),
        ("-12.50::numeric", Decimal("-12.50")),
        ("true", True),
        ('"text"', "text"),
        ('"a line\n\tand a \\" quote"', 'a line\n\tand a " quote'),
        ('"}::vertex ]::path 1::numeric"', "}::vertex ]::path 1::numeric"),
        (r'"\\\"}::vertex\\"', '\\"}::vertex\\'),
        ('{"k::edge": "{}::edge", "n": 1::numeric}', {"k::edge": "{}::edge", "n": Decimal(1)}),
        (V, ONE),
        (E, KNOWS),
        (f"[{V}, {E}, {W}]::path", Path((ONE, KNOWS, OTHER))),
        (f'{{"all": [[{V}, {E}, {W}]::path, {V}], "e": []}}', {"all": [Path((ONE, KNOWS, OTHER)), ONE], "e": []}),
        ("[]", []),
        ('{"id": 1, "label": "P", "properties": {}}', {"id": 1, "label": "P", "properties": {}}),
    ],
)
def test_what_it_reads(text, value):
    assert agtype.read(text) == value


def test_infinities_are_numbers():
    assert agtype.read("[Infinity, -Infinity]") == [float("inf"), float("-inf")]


def test_a_path_reads_as_a_line_with_arrows_as_the_edges_point():
    there = agtype.read(f"[{V}, {E}, {W}]::path")
    back = agtype.read(f"[{W}, {E}, {V}]::path")
    assert str(there) == "a -[K]-> P 7" and str(back) == "P 7 <-[K]- a"


def test_a_vertex_is_called_by_its_name_its_title_or_its_key():
    assert [Vertex(1, "R", p).caption for p in ({"name": "n", "title": "t"}, {"title": "t", "id": 1}, {"id": 4}, {})] == [
        "n", "t", "R 4", "R"]  # fmt: skip
