"""What 0003_seed_catalog promises. The expectations come from data/, not from the revision's own rules."""

from __future__ import annotations

import csv
import functools
import os
from collections import defaultdict
from pathlib import Path

from shop.settings import DATA
from workshop.checks import Look

KEYS = {
    "users": "id",
    "products": "id",
    "product_images": "id",
    "features": "id",
    "product_features": "product_id, feature_id",
    "variants": "id",
    "variant_attributes": "id",
    "reviews": "id",
    "personalized_product_sections": "id",
}
DIRT = r"&[a-z#0-9]+;|</?(p|ul|li|br|strong|em|b|i)[ />]|  |^\s|\s$|^(NULL|None)?$"
PLAIN = {
    "products": "name brand description",
    "features": "name description",
    "users": "first_name last_name profile",
    "reviews": "author title body",
    "variant_attributes": "name value",
    "personalized_product_sections": "content",
}


def balance(look: Look) -> None:
    """For every file: rows accepted + rows refused = rows given."""
    for table in KEYS:
        given = len(_records(f"{table}.csv"))
        accepted, refused = look.rows(f"""
            SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM import_refusals WHERE file = '{table}.csv')
        """)[0]
        look.expect(
            accepted + refused == given,
            f"{table}: {accepted} accepted + {refused} refused, and {given} were given",
            "rows were added or deleted since the import, or the import lost some",
        )


def refused(look: Look) -> None:
    """Every row that data/defects.csv calls beyond repair was refused for the reason it gives, and no other row."""
    found = look.rows("SELECT file, line::text, reason FROM import_refusals")
    wanted = [(d["file"], d["line"], d["outcome"]) for d in _defects() if d["fate"] == "refused"]
    look.same("refusal", map(tuple, found), wanted, "a cleaning rule of 0003 is off, or the data changed")


def mended(look: Look) -> None:
    """Every row that data/defects.csv calls mendable is in its table with the value it gives."""
    by_column = defaultdict(list)
    for defect in _defects():
        if defect["fate"] == "mended":
            by_column[defect["file"].removesuffix(".csv"), defect["column"]].append(defect)
    for (table, column), defects in by_column.items():
        keys = [_records(f"{table}.csv")[d["line"]]["id"].strip() for d in defects]
        key = "id = md5('agenticshop user ' || k)::uuid" if table == "users" else "id = k::integer"
        found = look.rows(
            f"SELECT k, t.{column}::text FROM unnest(CAST(:keys AS text[])) AS k LEFT JOIN {table} t ON t.{key}",
            keys=keys,
        )
        wanted = [(k, d["outcome"] or None) for k, d in zip(keys, defects, strict=True)]
        look.same(f"{table}.{column} (key, value)", map(tuple, found), wanted, "a cleaning rule of 0003 is off")


def plain(look: Look) -> None:
    """No text keeps markup, entities, double spaces or the old shop's words for nothing."""
    for table, columns in PLAIN.items():
        for column in columns.split():
            bad = look.rows(
                f"""
                SELECT {column}, {column} ~ :dirt FROM {table} WHERE {column} IS NOT NULL
            """,
                dirt=DIRT,
            )
            dirty = [text for text, is_bad in bad if is_bad]
            look.expect(not dirty, f"{table}.{column}: {dirty[:1]}", "a cleaning rule of 0003 is off")


def categories(look: Look) -> None:
    """The six categories are spelled in one way each."""
    found = look.values("SELECT DISTINCT category FROM products")
    wanted = ["Headphones", "Smartwatches", "Portable speakers", "Action cameras", "Tablets", "Keyboards"]
    look.same("category", found, wanted, "a spelling is unknown to 0003, or was changed since")


def sequences(look: Look) -> None:
    """Every identity sequence goes on after the highest key, so that the next INSERT finds a free one."""
    for table in (name for name, key in KEYS.items() if key == "id" and name != "users"):
        highest, next_value = look.rows(f"""
            SELECT (SELECT max(id) FROM {table}),
                   (SELECT last_value + CASE WHEN is_called THEN 1 ELSE 0 END FROM {table}_id_seq)
        """)[0]
        look.expect(
            highest is not None and next_value > highest,
            f"{table}: the next key would be {next_value}, and {highest} is taken",
            "the sequence was not moved on after the explicit keys",
        )


def _folder() -> Path:
    return Path(os.environ.get("SHOP_DATA") or DATA)


def _defects() -> list[dict[str, str]]:
    with (_folder() / "defects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _records(name: str) -> dict[str, dict[str, str]]:
    path = _folder() / name
    return _parse(path, path.stat().st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _parse(path: Path, _changed: int) -> dict[str, dict[str, str]]:
    """Return the records of a file by the line on which each begins."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        header, begin, found = next(reader), reader.line_num + 1, {}
        for fields in reader:
            if fields:
                found[str(begin)] = dict(zip(header, fields, strict=False))
            begin = reader.line_num + 1
    return found
