"""`python -m workshop.generated` writes what is out of date; `--check` only says what is."""

from __future__ import annotations

import sys

from shop.errors import ExplainedError
from workshop import figures
from workshop.generated import marking
from workshop.generated.parts import PARTS


def main() -> None:
    """Write or check all pages.

    Exits with a sentence that names every page and part that is out of date.
    """
    try:
        if "--check" in sys.argv[1:]:
            check()
        else:
            for page in marking.pages():
                marking.write(page, PARTS)
    except ExplainedError as error:
        sys.exit(str(error))


def check() -> None:
    """Exit with the names of the pages and parts that are out of date, if there are some."""
    bad = [f"{marking.shown(page)}: {part}" for page in marking.pages() for part in marking.stale(page, PARTS)]
    if bad:
        sys.exit("Out of date: " + ", ".join(bad) + ". Run `make texts`.")
    if figures.out_of_date():
        sys.exit("Out of date: the data or the search changed after the figures were measured. Run `make eval texts`.")


if __name__ == "__main__":
    main()
