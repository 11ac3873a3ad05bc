"""RELATION_BUILDS: nothing waits for what is broken."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.entities import JobKind
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told


def check(facts: Facts) -> Iterator[Found]:
    """Yield each relation and test that something broken before it keeps from being built."""
    for verdict in (*facts.impact.relations, *facts.of_kind(JobKind.TEST, JobKind.CONTRACT)):
        if verdict.status is Status.BLOCKED:
            yield from told(verdict)


RULE = Rule(
    purpose="Nothing downstream waits for a relation that cannot be built.",
    why="It shows how far a break reaches, and whose work it stops.",
    example="`rpt_balance` is not rebuilt because `int_activity` breaks.",
    fix="Mend the relation that is named first; the rest follows.",
    check=check,
    severity=Severity.WARNING,
)
