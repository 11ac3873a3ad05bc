"""STATEMENT_KNOWN: what is downstream could be judged."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told


def check(facts: Facts) -> Iterator[Found]:
    """Yield each relation and consumer downstream of which nobody knows what becomes of it."""
    for verdict in (*facts.impact.relations, *facts.impact.consumers):
        if verdict.status is Status.UNKNOWN:
            yield from told(verdict)


RULE = Rule(
    purpose="Everything downstream could be read and bound.",
    why="Silence is not safety: what could not be judged is told, and never called safe.",
    example="A model whose macro needs a database to be rendered.",
    fix="Give the compiled code (`dbt compile`) or the missing schema.",
    check=check,
    severity=Severity.WARNING,
)
