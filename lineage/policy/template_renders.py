"""TEMPLATE_RENDERS: what makes the SQL can still be run."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed, said, subject_at

UNSET = "dbt-unknown-variable"
"""Whoever runs dbt may give a variable that the project does not."""
CERTAIN = frozenset({"template-refused", "template-unknown-macro"})


def check(facts: Facts) -> Iterator[Found]:
    """Yield each template that is none, or that calls a macro as none can be called."""
    for problem in facts.problems:
        if problem.code in CERTAIN | {UNSET}:
            unset = problem.code == UNSET
            where = placed(problem.location)
            subject = subject_at(facts, where) or problem.code
            status = Status.UNKNOWN if unset else Status.BREAKS
            severity = Severity.WARNING if unset else None
            yield Found(
                subject, said(problem), problem.code, status, location=where, severity=severity
            )


RULE = Rule(
    purpose="Every template can be read, and each macro it calls exists and takes what it gets.",
    why="A macro has no readers that SQL would show; whoever calls it cannot be compiled.",
    example="`active_only('status')` after macros/active_only.sql was deleted.",
    fix="Correct the template; restore the macro, or change its callers in the same pull request.",
    check=check,
)
