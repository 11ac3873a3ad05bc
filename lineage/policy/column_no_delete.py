"""COLUMN_NO_DELETE: a column with readers may not disappear."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import SEVERITY, Status, Verdict
from lineage.policy import Facts, Found, Rule, placed


def check(facts: Facts) -> Iterator[Found]:
    """Yield each column that is gone: with who breaks, or why it is safe."""
    every = (*facts.impact.relations, *facts.impact.consumers)
    for verdict in facts.impact.relations:
        if any(evidence.code == "relation-gone" for evidence in verdict.evidence):
            continue
        for column in verdict.difference.lost:
            readers = broken_by(every, verdict, column)
            unknown = any(SEVERITY[other.status] == SEVERITY[Status.UNKNOWN] for other in every)
            if readers:
                still = "still reads it" if len(readers) == 1 else "still read it"
                severity, why = Severity.WARNING, f"{', '.join(readers)} {still}"
            elif unknown:
                severity, why = Severity.WARNING, "not everything downstream could be judged"
            else:
                severity = Severity.NOTE
                why = "safe: everything downstream was bound again without it"
            yield Found(
                verdict.relation,
                f"column {column} of {verdict.relation} is gone; {why}",
                column.lower(),
                verdict.status,
                verdict.known,
                placed(verdict.location),
                verdict.owners,
                verdict.path,
                severity,
            )


def broken_by(every: tuple[Verdict, ...], source: Verdict, column: str) -> list[str]:
    """Return what is downstream of a relation and breaks for want of a column."""
    return [
        other.relation
        for other in every
        if other.status is Status.BREAKS
        and other is not source
        and source.relation in other.path
        and any((proof.column or "").lower() == column.lower() for proof in other.evidence)
    ]


RULE = Rule(
    purpose="A column with readers does not disappear; one without may, and it is said why.",
    why="Who reads a column is not to be seen where the column is made.",
    example="`stg_orders` drops `status`, which a report two stars away filters by.",
    fix="Keep the column until its readers are changed, or change them in the same pull request.",
    check=check,
    severity=Severity.WARNING,
)
