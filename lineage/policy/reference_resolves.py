"""REFERENCE_RESOLVES: a reference leads to something that the project has."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed, said, subject_at

CODES = frozenset({"dbt-unknown-model", "dbt-unknown-source"})


def check(facts: Facts) -> Iterator[Found]:
    """Yield each `ref()` or `source()` that led somewhere in the base and leads nowhere now."""
    for problem in facts.problems:
        if problem.code in CODES:
            where = placed(problem.location)
            subject = subject_at(facts, where) or problem.code
            yield Found(subject, said(problem), problem.code, Status.BREAKS, location=where)


RULE = Rule(
    purpose="Every ref() and source() names something that the project has.",
    why="dbt does not begin at all: one dangling reference stops every model.",
    example="`{{ ref('stg_returns') }}` after `stg_returns.sql` was deleted or disabled.",
    fix="Restore the model, or take the reference out in the same pull request.",
    check=check,
)
