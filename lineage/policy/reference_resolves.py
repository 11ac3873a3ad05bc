"""REFERENCE_RESOLVES: a reference leads to something that the project has."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed, said, subject_at

UNRESOLVED = frozenset(
    {
        "dbt-duplicate-relation",
        "dbt-private-model",
        "dbt-unknown-fixture",
        "dbt-unknown-model",
        "dbt-unknown-source",
    }
)
CODES = UNRESOLVED | {"dbt-circle", "dbt-duplicate-name", "dbt-unknown-group"}


def check(facts: Facts) -> Iterator[Found]:
    """Yield each `ref()` or `source()` that led to one thing, and now to none, two or itself.

    Groups and relations are names as well, which may be there once.
    """
    for problem in facts.problems:
        if problem.code in CODES:
            where = placed(problem.location)
            if where is not None and problem.code == "dbt-duplicate-name":
                subject = where.document  # one file is too many, and no relation
            else:
                subject = subject_at(facts, where) or problem.code
            yield Found(subject, said(problem), problem.code, Status.BREAKS, location=where)


RULE = Rule(
    purpose="Every ref() and source() names one thing that the project has, and no circle.",
    why="dbt does not begin at all: one dangling reference, one name that two files have or one "
    "circle stops every model.",
    example="`{{ ref('stg_returns') }}` after `stg_returns.sql` was deleted or disabled.",
    fix="Restore or rename the model, or take the reference out in the same pull request.",
    check=check,
)
