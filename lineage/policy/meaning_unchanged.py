"""MEANING_UNCHANGED: values do not change where nothing breaks."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.analysis.silent import UNREADABLE
from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told

ELSEWHERE = UNREADABLE | {
    "other-columns", "other-type", "declared", "relation-gone", "input-changes",
}  # fmt: skip
"""Reasons that other rules tell."""


def check(facts: Facts) -> Iterator[Found]:
    """Yield each relation that is built as before and may hold other values."""
    for verdict in facts.impact.relations:
        if verdict.status in {Status.VALUE_CHANGES, Status.SCHEMA_CHANGES}:
            for found in told(verdict):
                if verdict.evidence and not ELSEWHERE & set(found.key.split()):
                    yield found


RULE = Rule(
    purpose="What is built without an error holds the values that it did.",
    why="Nothing fails: the number on the dashboard is another one, and nobody knows since when.",
    example="Two columns of the same type swap places above `select * … union all`.",
    fix="Say in the pull request that it is meant, acknowledge it, or write a test that pins the "
    "value: `lineage check --suggest-tests` proposes one.",
    check=check,
    severity=Severity.WARNING,
)
