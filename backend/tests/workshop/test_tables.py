"""Tables as HTML: text to the left, numbers to the right, nothing that is not escaped."""

from __future__ import annotations

import re
from decimal import Decimal

import pandas as pd

from workshop import tables


def test_text_stands_left_and_numbers_stand_right():
    made = tables.table("Rows", ("file", "rows"), [("reviews.csv", 1292), ("users.csv", 40)])
    sides = re.findall(r'<(t[hd]) style="text-align:(\w+)', made)
    assert sides == [("th", "left"), ("th", "right"), *[("td", "left"), ("td", "right")] * 2]
    assert ">1,292</td>" in made


def test_what_is_no_html_is_escaped():
    made = tables.table("<b>", ("<i>",), [("<u>",), (tables.Html("<em>x</em>"),)])
    assert "<b>" not in made and "<i>" not in made and "<u>" not in made
    assert "<em>x</em>" in made


def test_a_dataframe_has_its_texts_left_and_says_null():
    data = pd.DataFrame(
        {"name": ["a", None], "price": [Decimal("1.50"), None], "stars": [4.5, 5], "<b>": [True, False]}
    )
    shown = tables.frame(data)
    assert re.findall(r"nth-child\((\d)\)", shown) == ["2", "5"]
    assert ">NULL<" in shown and "<b>" not in shown
    assert tables.frame(data) != shown, "two frames of a page share an id"


def test_a_long_dataframe_is_cut():
    shown = tables.frame(pd.DataFrame({"n": range(1000)}))
    assert shown.count("<tr") < 15
    assert "1000 rows" in shown


def test_an_empty_dataframe_shows_its_columns():
    assert "<th>name</th>" in tables.frame(pd.DataFrame({"name": []}))
