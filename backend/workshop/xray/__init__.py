"""The X-ray: everything in a database that a revision can change.

    before = snapshot(connection)
    ...
    difference = compare(before, snapshot(connection))   # shows itself, in a terminal and in a notebook
    before.fingerprint                                   # equal exactly when nothing differs

reading     one consistent reading of the catalogs and of every table's content
difference  what one snapshot has that another has not
show        both as plain text and as HTML
"""

from workshop.xray.difference import Difference, compare
from workshop.xray.reading import LEFT_OUT, Snapshot, snapshot

__all__ = ["LEFT_OUT", "Difference", "Snapshot", "compare", "snapshot"]
