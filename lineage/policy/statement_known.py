"""STATEMENT_KNOWN: what is downstream could be judged."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told
from lineage.policy.template_renders import refused


def check(facts: Facts) -> Iterator[Found]:
    """Yield each relation and consumer downstream of which nobody knows what becomes of it."""
    known = refused(facts)
    for verdict in (*facts.impact.relations, *facts.impact.consumers):
        if verdict.status is Status.UNKNOWN:
            document = verdict.location.document if verdict.location else None
            codes = {evidence.code for evidence in verdict.evidence}
            if codes != {"no-statement"} or document not in known:
                yield from told(verdict)


RULE = Rule(
    purpose="Everything downstream could be read and bound.",
    why="Silence is not safety: what could not be judged is told, and never called safe.",
    example="A model whose macro needs a database to be rendered.",
    fix="Give the compiled code (`dbt compile`) or the missing schema.",
    check=check,
    severity=Severity.WARNING,
)
