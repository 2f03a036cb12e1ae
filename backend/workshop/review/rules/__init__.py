"""The rules, one function each, by group: R1 way back, R2 code, R3 statements, R4 locks, R5 and R6 what is told."""

from workshop.review.rules import code, locking, statements, telling, way_back

__all__ = ["code", "locking", "statements", "telling", "way_back"]
