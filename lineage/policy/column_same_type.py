"""COLUMN_SAME_TYPE: a column keeps its type."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.policy import Facts, Found, Rule, placed


def check(facts: Facts) -> Iterator[Found]:
    """Yield each column that has another type now."""
    for verdict in facts.impact.relations:
        for column, before, after in verdict.difference.type:
            yield Found(
                verdict.relation,
                f"column {column} of {verdict.relation} was {before or 'of unknown type'} "
                f"and is {after or 'of unknown type'}",
                f"{column.lower()} {after}",
                verdict.status,
                verdict.known,
                placed(verdict.location),
                verdict.owners,
                verdict.path,
            )


RULE = Rule(
    purpose="A column keeps its type.",
    why="What binds can still round, sort or compare otherwise, and tools that load the table see "
    "another type.",
    example="`amount` becomes INTEGER where it was DECIMAL(18, 2).",
    fix="Cast where the value is made, or tell the owners of what is downstream.",
    check=check,
    severity=Severity.NOTE,
)
