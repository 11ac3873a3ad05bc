"""TEMPLATE_RENDERS: what makes the SQL can still be run."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed, subject_at

CERTAIN = frozenset({"template-unknown-macro"})


def check(facts: Facts) -> Iterator[Found]:
    """Yield each template that calls a macro that was there in the base."""
    for problem in facts.problems:
        if problem.code in CERTAIN:
            where = placed(problem.location)
            subject = subject_at(facts, where) or problem.code
            yield Found(subject, problem.message, problem.code, Status.BREAKS, location=where)


RULE = Rule(
    purpose="Every macro that a model calls exists.",
    why="A macro has no readers that SQL would show; whoever calls it cannot be compiled.",
    example="`active_only('status')` after macros/active_only.sql was deleted.",
    fix="Restore the macro, or change its callers in the same pull request.",
    check=check,
)
