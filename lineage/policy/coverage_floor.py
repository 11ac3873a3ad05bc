"""COVERAGE_FLOOR: enough was understood for silence to mean something."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule


def check(facts: Facts) -> Iterator[Found]:
    """Yield one finding if less was understood than the floor demands."""
    share = coverage(facts)
    if facts.floor is not None and share < facts.floor:
        names = ", ".join(
            sorted({row.location.document for row in facts.unseen if row.location})[:5]
        )
        yield Found(
            "coverage",
            f"{facts.seen} of {facts.seen + len(facts.unseen)} statements were understood "
            f"({share:.0%}), and at least {facts.floor:.0%} must be; not seen: {names}",
            "floor",
            Status.UNKNOWN,
        )


def coverage(facts: Facts) -> float:
    """Return the share of statements that were understood; 1 when there are none."""
    whole = facts.seen + len(facts.unseen)
    return facts.seen / whole if whole else 1.0


RULE = Rule(
    purpose="At least the configured share of all statements was understood.",
    why="A check that cannot read half of the project finds nothing, and must not say so in green.",
    example="coverage_floor = 0.9, and 40 of 80 models do not parse.",
    fix="Set the dialect, or give compiled code; `lineage doctor` lists what was not understood.",
    check=check,
)
