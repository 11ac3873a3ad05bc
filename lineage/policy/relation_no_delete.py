"""RELATION_NO_DELETE: a relation with readers may not disappear."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed


def check(facts: Facts) -> Iterator[Found]:
    """Yield each relation that is gone, with who reads it still."""
    every = (*facts.impact.relations, *facts.impact.consumers)
    for verdict in facts.impact.relations:
        if not any(evidence.code == "relation-gone" for evidence in verdict.evidence):
            continue
        readers = [
            other.relation
            for other in every
            if verdict.relation in other.path
            and other.status in {Status.BREAKS, Status.BLOCKED, Status.UNKNOWN}
        ]
        why = f"{', '.join(readers)} read it" if readers else "nothing that was read reads it"
        yield Found(
            verdict.relation,
            f"{verdict.relation} is gone; {why}",
            "gone",
            verdict.status,
            verdict.known,
            placed(verdict.location),
            verdict.owners,
            verdict.path,
            Severity.WARNING if readers else Severity.NOTE,
        )


RULE = Rule(
    purpose="A relation with readers does not disappear.",
    why="Readers outside the repository are seen only by those who look at a store of lineage.",
    example="The model `stg_returns` is deleted, and `rpt_balance` refers to it.",
    fix="Move the readers first; look with `--store` for those in other repositories.",
    check=check,
    severity=Severity.WARNING,
)
