"""Pictures: what is in the live database is in the diagram, readable, and stays on its page."""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree import ElementTree

import numpy as np
import pytest
import sqlalchemy as sa
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import text_to_path

from shop import database
from workshop import draw

STEP = "0002_create_catalog"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def catalog(at):
    with database.connect(at(STEP)) as connection:
        yield connection


def texts(drawing):
    """Return (text, left, right, y) of every text of a picture, measured by the renderer."""
    found = []
    for one in ElementTree.fromstring(drawing.svg).iter(f"{SVG}text"):
        style = one.get("style")
        size = float(re.search(r"font-size: ([\d.]+)px", style)[1])
        font = FontProperties(family="DejaVu Sans", size=size, weight="bold" if "700" in style else "normal")
        width = text_to_path.get_text_width_height_descent(one.text, font, ismath=False)[0]
        x, y = float(one.get("x")), float(one.get("y"))
        left = {"start": x, "middle": x - width / 2, "end": x - width}[re.search(r"text-anchor: (\w+)", style)[1]]
        found.append((one.text, left, left + width, y))
    return found


def boxes(drawing):
    """Return (left, top, right, bottom) of the boxes of the tables."""
    shapes = ElementTree.fromstring(drawing.svg).iter(f"{SVG}path")
    outlines = [one.get("d") for one in shapes if f"stroke: {draw.STRUCTURE}" in one.get("style")]
    corners = [[float(number) for number in re.findall(r"[\d.]+", path)] for path in outlines]
    whole = [(min(c[::2]), min(c[1::2]), max(c[::2]), max(c[1::2])) for c in corners]
    return [box for box in whole if box[3] - box[1] != draw.HEAD]  # the heads of the tables are boxes, too


def test_all_tables_with_their_columns(catalog):
    drawing = draw.entities(catalog)
    seen = [text for text, *_ in texts(drawing)]
    columns = catalog.execute(
        sa.text("SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'")
    ).all()
    wanted = [name for table, name in columns if table != "alembic_version"]
    tables = {table for table, _ in columns} - {"alembic_version"}
    assert tables <= set(seen)
    assert all(seen.count(name) >= wanted.count(name) for name in wanted)
    assert len(boxes(drawing)) == len(tables) == 11
    assert "alembic_version" not in seen


def test_one_table(catalog):
    drawing = draw.entities(catalog, ["users"])
    assert texts(drawing)[0][0] == "users"
    assert len(boxes(drawing)) == 1
    assert drawing.description == "Tables: users."


def test_foreign_keys_are_drawn_and_told(catalog):
    drawing = draw.entities(catalog, ["products", "reviews", "users"])
    lines = re.findall(rf"stroke: ({'|'.join(draw.LINKS)});", drawing.svg)
    assert len(lines) == 2
    assert set(lines) == set(draw.LINKS[:2])
    assert "reviews.product_id to products, reviews.user_id to users" in drawing.description


def test_no_table_is_an_error_that_says_so(connection):
    with pytest.raises(draw.DrawError, match="no table to draw"):
        draw.entities(connection)


def test_an_unknown_table_is_named(catalog):
    with pytest.raises(draw.DrawError, match="no table nowhere in this database"):
        draw.entities(catalog, ["products", "nowhere"])


def test_every_text_fits_its_box(catalog):
    catalog.execute(sa.text("CREATE TABLE a_table_with_a_name_that_is_longer_than_its_column (x integer)"))
    catalog.execute(sa.text("CREATE TABLE t (a_column_whose_name_is_wide_MMMMMMMMMMMMMM timestamp(3) with time zone)"))
    drawing = draw.entities(catalog)
    lines = defaultdict(list)
    for text, left, right, y in texts(drawing):
        around = [box for box in boxes(drawing) if box[0] < left and right < box[2] and box[1] < y < box[3]]
        assert len(around) == 1, f"{text} does not stand in one box"
        lines[around[0], round(y)].append((left, right))
    for (box, _), spans in lines.items():
        (_, first), *rest = sorted(spans)
        assert all(first + 4 < left for left, _ in rest), f"a name runs into its type in {box}"


def test_a_picture_is_as_wide_as_a_notebook_at_most(catalog):
    width = float(re.search(r'width="([\d.]+)pt"', draw.entities(catalog).svg)[1]) * 96 / 72
    assert 600 < width < 850


def test_the_same_schema_gives_the_same_picture_with_ids_of_its_own(catalog):
    one, other = draw.entities(catalog), draw.entities(catalog)
    ids = [set(re.findall(r'\bid="([^"]+)"', drawing.svg)) for drawing in (one, other)]
    assert ids[0] and not ids[0] & ids[1]
    plain = [re.sub(r'(\bid="|#)d\d+-', r"\1", drawing.svg) for drawing in (one, other)]
    assert plain[0] == plain[1]


@pytest.mark.parametrize("kind", ["entities", "bars"])
def test_a_picture_stays_on_its_page(catalog, kind):
    drawing = draw.entities(catalog) if kind == "entities" else draw.bars({"5": 3, "4": 1}, "Stars")
    assert set(re.findall(r"\w+://[^\s\"'<)]+", drawing.svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<style" not in drawing.svg, "it would style the whole page"
    assert "<script" not in drawing.svg and "<?xml" not in drawing.svg
    used = set(re.findall(r"url\(#([^)]+)\)|href=\"#([^\"]+)\"", drawing.svg))
    assert {a or b for a, b in used} <= set(re.findall(r'\bid="([^"]+)"', drawing.svg))


@pytest.mark.parametrize("kind", ["entities", "bars"])
def test_a_picture_has_a_name_for_those_who_do_not_see_it(catalog, kind):
    drawing = draw.entities(catalog) if kind == "entities" else draw.bars({'5 "stars"': 3, "<4>": 1}, "Stars")
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == drawing.description


def test_bars_show_their_values():
    drawing = draw.bars({"guest": 645, "registered": 1634.5}, "Who writes", unit="reviews")
    assert {"guest", "registered", "645 reviews", "1,634.5 reviews", "Who writes"} <= {
        text for text, *_ in texts(drawing)
    }
    assert drawing.description == "Who writes: guest 645, registered 1,634.5"


def test_curves_have_a_line_for_each_name_and_a_label_at_each_point():
    lines = {"exact": [(50.0, 1.0, "")], "graph": [(0.5, 0.8, "10"), (2.0, 0.99, "200")]}
    drawing = draw.curves(lines, "Fast or right", "milliseconds", "recall")
    assert {"exact", "graph", "10", "200", "Fast or right", "milliseconds", "recall"} <= {
        text for text, *_ in texts(drawing)
    }
    assert drawing.description.endswith("exact: 1 for 50; graph: 0.8 for 0.5 10, 0.99 for 2 200")
    with pytest.raises(draw.DrawError, match="nothing to draw for 'None'"):
        draw.curves({}, "None", "x", "y")


def test_a_map_of_vectors_keeps_groups_apart_and_is_the_same_every_time():
    rows = np.concatenate([np.random.default_rng(1).normal(centre, 0.4, (20, 8)) for centre in (0, 3)])
    groups = ["left"] * 20 + ["right"] * 19 + ["you"]
    drawing = draw.vectors(rows, groups, "Two heaps", marked="you")
    again = draw.vectors(rows, groups, "Two heaps", marked="you")
    assert re.sub(r"\bd\d+-", "", drawing.svg) == re.sub(r"\bd\d+-", "", again.svg)
    assert {"Two heaps", "left", "right", "you"} <= {text for text, *_ in texts(drawing)}
    assert re.search(r"9\d% of the difference.*left 20, right 19, you 1", drawing.description)
    places, share = draw._flattened(rows)
    assert share > 0.9 and abs(places[:20, 0].mean() - places[20:, 0].mean()) > 3


def test_a_map_needs_vectors_and_their_groups():
    with pytest.raises(draw.DrawError, match="at least three"):
        draw.vectors([[1.0]], ["a"], "None")


def test_bars_without_values_are_an_error():
    with pytest.raises(draw.DrawError, match="nothing to draw for 'Stars'"):
        draw.bars({}, "Stars")


def test_a_picture_is_saved_as_svg(catalog, tmp_path):
    drawing = draw.entities(catalog, ["users"])
    drawing.save(tmp_path / "users.svg")
    assert ElementTree.parse(tmp_path / "users.svg").getroot().tag == f"{SVG}svg"


@pytest.mark.parametrize("color", [draw.INK, draw.QUIET, draw.STRUCTURE, *draw.LINKS])
def test_colors_read_on_white(color):
    channels = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    light = sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    assert 1.05 / (light + 0.05) >= 4.5
