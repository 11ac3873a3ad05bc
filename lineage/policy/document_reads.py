"""DOCUMENT_READS: what the project is written in can be read."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed, said

CERTAIN = frozenset({"dbt-unreadable-yaml"})
UNKNOWN = frozenset({"unreadable", "broken-document"})


def check(facts: Facts) -> Iterator[Found]:
    """Yield each document of the head that cannot be read, and could be in the base or is new."""
    for problem in facts.problems:
        where = placed(problem.location)
        known = problem.code in CERTAIN
        if where is not None and (known or problem.code in UNKNOWN):
            yield Found(
                where.document,
                said(problem),
                problem.code,
                Status.BREAKS if known else Status.UNKNOWN,
                location=where,
                severity=None if known else Severity.WARNING,
            )


RULE = Rule(
    purpose="Every file of the project can be read.",
    why="dbt does not begin with a YAML file that is none; what it said of contracts, tests, "
    "sources and dashboards is not known, and nothing of that can be checked.",
    example="A line `<<<<<<< HEAD` that a merge left in models/schema.yml.",
    fix="Correct the file at that line.",
    check=check,
)
