"""UNION_ALIGNED: the sides of a set operation, and an INSERT and its table, line up."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.entities import JobKind
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told
from lineage.policy.statement_binds import ARITY


def check(facts: Facts) -> Iterator[Found]:
    """Yield each set operation or INSERT whose columns no longer line up in number."""
    for verdict in (*facts.impact.relations, *facts.of_kind(JobKind.STATEMENT)):
        if verdict.status is Status.BREAKS:
            for found in told(verdict):
                if ARITY & set(found.key.split()):
                    yield found


RULE = Rule(
    purpose="The sides of a UNION and the columns of an INSERT stay as many as the other side's.",
    why="They are matched by position: one column more through a star, and the statement fails.",
    example="`select * from a union all select * from b` after `a` gained a column.",
    fix="List the columns on both sides, or use UNION BY NAME where the engine has it.",
    check=check,
)
