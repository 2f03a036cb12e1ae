"""Measure the search, and the reader of reviews where its answers are there; print the tables and store the figures.

    make eval

The answers of the reader are docs/figures/mentions.csv (which features it found in the labelled reviews) and
docs/figures/sentiments.csv (which sentiment it gives to the labelled mentions), both held out by product.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evaluation import reviews, search
from shop import database
from workshop import checkpoints, figures, server, steps

STEP = "0006_embed_catalog"
NAME = "workshop_eval"


def main() -> None:
    """Measure, print, store."""
    measured: dict[str, Any] = {"made_from": figures.made_from(), "search": measure_search()}
    if figures.MENTIONS.exists() and figures.SENTIMENTS.exists():
        gold, known = reviews.gold(), reviews.reviews()
        measured["mentions"] = reviews.mentions(reviews.read(figures.MENTIONS), gold, known)
        measured["sentiments"] = reviews.sentiment(reviews.read(figures.SENTIMENTS), gold, known)
    figures.store(measured)
    for table in (figures.search_table(), figures.fusion_text(), figures.reader_tables()):
        print(table)
    print("Stored. `make texts` brings the figures to the pages.")


def measure_search() -> dict[str, Any]:
    """Measure the search on a database of its own, which holds the catalog and nothing else."""
    settings = server.ensure()
    place = replace(settings, database_url=settings.database_url.set(database=NAME))
    checkpoints.replace(place, checkpoints.ensure(settings, STEP, steps.upgrade))
    try:
        with database.connect(place) as connection:
            return search.measure(connection)
    finally:
        checkpoints.drop(place)


if __name__ == "__main__":
    main()
