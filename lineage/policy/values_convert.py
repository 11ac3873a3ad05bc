"""VALUES_CONVERT: what is built can be read as soon as there is a row."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.analysis.silent import UNREADABLE
from lineage.model.entities import JobKind
from lineage.policy import Facts, Found, Rule, told


def check(facts: Facts) -> Iterator[Found]:
    """Yield each relation and test that converts values into what none of them can become."""
    for verdict in (*facts.impact.relations, *facts.of_kind(JobKind.TEST)):
        if any(evidence.code in UNREADABLE for evidence in verdict.evidence):
            yield from (one for one in told(verdict) if UNREADABLE & set(one.key.split()))


RULE = Rule(
    purpose="No value is converted into a type to which none of its type can be.",
    why="The statement binds and a view is created without an error; whoever reads it, and every "
    "table that is built from it, fails with the first row.",
    example="A UNION takes a date from one side and an amount from the other: DuckDB calls the "
    "column a DATE, and converts no number into one.",
    fix="Line the columns up again, or convert both sides into a type that takes either.",
    check=check,
)
