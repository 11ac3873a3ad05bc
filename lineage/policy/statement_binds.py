"""STATEMENT_BINDS: what the change leaves standing must still be a statement of its dialect."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.entities import JobKind
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told

ARITY = frozenset({"set-arity", "insert-arity", "arity"})


def check(facts: Facts) -> Iterator[Found]:
    """Yield each reason for which a statement does not bind, except columns out of line.

    A query that makes nothing is one as well: somebody runs it.
    """
    for verdict in (*facts.impact.relations, *facts.of_kind(JobKind.STATEMENT)):
        if verdict.status is Status.BREAKS:
            for found in told(verdict):
                if not ARITY & set(found.key.split()):
                    yield found


RULE = Rule(
    purpose="Every relation downstream still binds against the changed schema.",
    why="A statement that names what is gone fails when it is run next, mostly at night.",
    example="`select amount from stg_orders` after `stg_orders` renamed `amount` to `net`.",
    fix="Name the column by its new name, or keep the old name as well until readers moved: "
    "`lineage plan` writes the patches.",
    check=check,
)
