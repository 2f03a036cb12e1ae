"""The review coach: what an experienced colleague would say about an Alembic revision before it is applied.

    from workshop import review

    report = review.review(Path("alembic/versions/0003_seed_catalog.py"))
    print(report)                # path:line  R101  reason, and how to mend it
    report.findings              # the same as objects
    review.RULES["R101"]         # id, title, explanation, mend

A revision is read and never run. `upgrade()` and `downgrade()` are walked through as far as the file itself tells what
happens (source, values, expressions, walk_through); operations and SQL text become the same list of deeds (sql,
operations, story); a rule is a function over that list (rules/).
"""

from workshop.review.findings import RULES, Finding, Rule
from workshop.review.report import Report, review
from workshop.review.source import UnreadableError

__all__ = ["RULES", "Finding", "Report", "Rule", "UnreadableError", "review"]
