"""The parts of the texts that are made from the code, and the check that they are not out of date.

A generated part stands between two comments. The first carries the hash of what the part was made from, so that
`make check` can tell a stale one in no time and without a server:

    <!-- generated: steps from sha256:0123456789ab; write anew with `make texts` -->
    ...
    <!-- end of generated: steps -->

marking     where the parts of a page stand, and whether they are out of date
parts       every part by its name; the other modules make their texts
climb       what the parts that show a database were seen in
"""
