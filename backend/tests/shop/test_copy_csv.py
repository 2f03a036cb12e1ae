"""op.copy_csv and op.remove_csv on files made for the purpose."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from shop import database
from shop.operations.csv_file import CsvError

PLAN = {
    "fields": "id product_id user_id author rating title body reviewed_on",
    "refuse": {"rating is not 1 to 5": "coalesce(rating, '') !~ '^[1-5]$'"},
    "columns": {
        "id": "id::integer",
        "product_id": "product_id::integer",
        "rating": "rating::smallint",
        "body": "body",
        "reviewed_on": "reviewed_on::date",
    },
    "key": "id",
}
HEADER = "id,product_id,user_id,author,rating,title,body,reviewed_on\n"


@pytest.fixture
def import_file(at, tmp_path, monkeypatch):
    """Write a reviews.csv and load it into a catalog with product 1; returns the rows of a query afterwards."""
    settings = at("0002_create_catalog")
    monkeypatch.setenv("SHOP_DATA", str(tmp_path))

    def run(content, question="SELECT id, body FROM reviews ORDER BY id", remove=False, **changes):
        path = tmp_path / "reviews.csv"
        if content is not None:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with database.connect(settings) as connection:
            context = MigrationContext.configure(connection)
            with connection.begin():
                connection.execute(
                    sa.text(
                        "INSERT INTO products (id, name, brand, category, price, description) "
                        "VALUES (1, 'n', 'b', 'c', 1, 'd') ON CONFLICT DO NOTHING"
                    )
                )
                op = Operations(context)
                if remove:
                    op.remove_csv("reviews.csv", "reviews", **{k: PLAN[k] for k in ("fields", "columns", "key")})
                else:
                    op.copy_csv("reviews.csv", "reviews", **{**PLAN, **changes})
            return [tuple(row) for row in connection.execute(sa.text(question))]

    run.connect = lambda: database.connect(settings)
    return run


REFUSALS = "SELECT line, raw, reason FROM import_refusals ORDER BY line"


def test_good_rows_go_in(import_file):
    rows = import_file(HEADER + '1,1,,,5,,"said ""fine"", twice",2025-01-01\n2,1,,,4,,ok,2025-01-02\n')
    assert rows == [(1, 'said "fine", twice'), (2, "ok")]


def test_a_refused_row_is_kept_with_line_raw_text_and_reason(import_file):
    content = HEADER + "1,1,,,5,,ok,2025-01-01\n2,1,,,9,,too many,2025-01-01\n"
    assert import_file(content, REFUSALS) == [(3, "2,1,,,9,,too many,2025-01-01", "rating is not 1 to 5")]


def test_missing_and_surplus_fields(import_file):
    content = HEADER + "1,1,,,5\n2,1,,,5,,a, comma too many,2025-01-01\n"
    assert [(line, reason) for line, _, reason in import_file(content, REFUSALS)] == [
        (2, "has 5 fields instead of 8"),
        (3, "has 9 fields instead of 8"),
    ]


def test_lines_are_counted_over_records_of_several_lines(import_file):
    content = HEADER + '1,1,,,5,,"first\nsecond\n\nfourth",2025-01-01\n\n2,1,,,0,,bad,2025-01-01\n'
    assert [row[0] for row in import_file(content, REFUSALS)] == [7]


def test_windows_line_ends_and_byte_order_mark(import_file):
    content = b"\xef\xbb\xbf" + (HEADER + "1,1,,,5,,ok,2025-01-01\n").replace("\n", "\r\n").encode()
    assert import_file(content) == [(1, "ok")]


@pytest.mark.parametrize(
    "text",
    [
        '3.5" disk',
        "\\.",
        "\\N",
        "it's; DROP TABLE reviews; --",
        "$$ $1 %s {x} :y",
        "emoji \U0001f600 ✓",
        "tab\there",
        "100%",
    ],
)
def test_texts_come_through_unchanged(import_file, text):
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow([1, 1, "", "", 5, "", text, "2025-01-01"])
    assert import_file(HEADER + out.getvalue()) == [(1, text)]
    assert import_file(HEADER + f"2,1,,,5,,{text},2025-01-01\n", "SELECT body FROM reviews WHERE id = 2") == [(text,)]


def test_a_nul_byte_is_replaced_and_the_import_goes_on(import_file):
    assert import_file(HEADER + "1,1,,,5,,a\0b,2025-01-01\n") == [(1, "a\N{REPLACEMENT CHARACTER}b")]


def test_of_two_rows_with_one_key_the_first_stays(import_file):
    content = HEADER + "1,1,,,5,,first,2025-01-01\n2,1,,,5,,other,2025-01-01\n1,1,,,4,,second,2025-01-01\n"
    assert import_file(content, REFUSALS) == [(4, "1,1,,,4,,second,2025-01-01", "repeats the id of line 2")]


def test_a_refused_row_does_not_take_the_key(import_file):
    content = HEADER + "1,1,,,9,,bad,2025-01-01\n1,1,,,4,,good,2025-01-01\n"
    assert import_file(content) == [(1, "good")]


def test_a_row_that_points_nowhere_is_refused(import_file):
    content = HEADER + "1,7,,,5,,orphan,2025-01-01\n2,1,,,5,,ok,2025-01-01\n"
    rows = import_file(content, REFUSALS, references={"product_id": "products.id"})
    assert [(line, reason) for line, _, reason in rows] == [(2, "product_id 7 is not in products")]


def test_the_first_reason_that_fits_counts(import_file):
    two = {"first rule": "rating = '9'", "second rule": "body = 'x'"}
    assert import_file(HEADER + "1,1,,,9,,x,2025-01-01\n", REFUSALS, refuse=two)[0][2] == "first rule"


def test_the_sequence_goes_on_after_the_highest_key(import_file):
    insert = "INSERT INTO reviews (product_id, rating, body, reviewed_on) VALUES (1, 5, '', now()) RETURNING id"
    assert import_file(HEADER + "41,1,,,5,,ok,2025-01-01\n", insert) == [(42,)]


def test_a_file_with_only_a_header_gives_no_row(import_file):
    assert import_file(HEADER) == []


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "data/reviews.csv is missing: restore it"),
        ("", "data/reviews.csv is empty"),
        ("id,stars\n1,2\n", "has the header 'id,stars', and the revision expects 'id,product_id,"),
        (HEADER.encode() + b"1,1,,,5,,caf\xe9,2025-01-01\n", "line 2: byte 0xe9 is not UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_clear_sentence_and_changes_nothing(import_file, content, words):
    with pytest.raises(CsvError, match="(?s).*".join([words.replace("(", r"\(")])):
        import_file(content)


def test_a_quote_that_is_never_closed_loses_nothing(import_file):
    content = HEADER + '1,1,,,5,,ok,2025-01-01\n2,1,,,5,,"never closed,2025-01-01\n3,1,,,5,,swallowed,2025-01-01\n'
    [(line, raw, reason)] = import_file(content, REFUSALS)
    assert (line, reason) == (3, "has 7 fields instead of 8")
    assert "swallowed" in raw


def test_remove_takes_out_what_the_file_brought_and_nothing_else(import_file):
    """A row of somebody's own that has the key of a refused line is not what the file brought."""
    content = HEADER + "1,1,,,5,,ok,2025-01-01\n2,1,,,9,,bad,2025-01-01\n"
    mine = (
        "INSERT INTO reviews (id, product_id, rating, body, reviewed_on) VALUES (2, 1, 5, 'mine', now()) RETURNING id"
    )
    with import_file.connect() as connection:
        import_file(content)
        connection.execute(sa.text(mine))
        connection.commit()
    assert import_file(content, remove=True) == [(2, "mine")]
    assert import_file(HEADER, REFUSALS) == []


def test_a_million_rows_need_little_memory(import_file, tmp_path):
    """The file is streamed: the client's peak grows by far less than the file."""
    import tracemalloc

    path = tmp_path / "reviews.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(f"{n},1,,,5,,{'word ' * 40},2025-01-01\n" for n in range(1, 50_001))
    tracemalloc.start()
    import_file(None, "SELECT count(*) FROM reviews")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size / 2
