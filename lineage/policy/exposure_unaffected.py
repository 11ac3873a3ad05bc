"""EXPOSURE_UNAFFECTED: dashboards, metrics and jobs elsewhere get what they got."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.entities import JobKind
from lineage.model.verdict import Known, Status
from lineage.policy import Facts, Found, Rule, told


def check(facts: Facts) -> Iterator[Found]:
    """Yield each exposure, metric or job that gets something else, or nothing."""
    for verdict in facts.of_kind(JobKind.EXPOSURE, JobKind.METRIC, JobKind.JOB):
        if verdict.status in {Status.OK, Status.UNKNOWN}:
            continue
        proved = verdict.known is not Known.LINEAGE and verdict.status is Status.BREAKS
        yield from told(verdict, severity=Severity.ERROR if proved else None)


RULE = Rule(
    purpose="Dashboards, metrics and jobs outside the repository get what they got.",
    why="Their owners do not see the pull request.",
    example="The dashboard `revenue_board` shows a table that cannot be built any more.",
    fix="Tell the owner before the merge.",
    check=check,
    severity=Severity.WARNING,
)
