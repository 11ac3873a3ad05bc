"""dbt unit tests that would have caught a silent change: every column has a value of its own."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.analysis.estate import short
from lineage.model.identity import DatasetId
from lineage.model.verdict import Status
from lineage.policy import Facts

LIMIT = 20
"""Tests that are proposed at once."""


def suggest(facts: Facts) -> str:
    """Return a YAML document of unit tests, one a relation that may silently hold other values.

    What the base answers is for a person to fill in: nothing is run here.
    """
    names = [
        (verdict.subject, verdict.evidence[0].message if verdict.evidence else "")
        for verdict in facts.impact.relations
        if verdict.status is Status.VALUE_CHANGES and isinstance(verdict.subject, DatasetId)
    ]
    if not names:
        return ""
    lines = ["unit_tests:"]
    for subject, reason in names[:LIMIT]:
        lines.extend(_test(facts, subject, reason))
    return "\n".join(lines) + "\n"


def _test(facts: Facts, subject: DatasetId, reason: str) -> Iterator[str]:
    name = short(subject).rpartition(".")[2]
    yield f"  - name: {name}_keeps_its_meaning"
    yield f"    model: {name}"
    yield f"    # {' '.join(reason.split())}"
    yield "    given:"
    for read in _reads(facts, subject):
        yield f"      - input: ref('{short(read).rpartition('.')[2]}')"
        row = ", ".join(_row(facts, read))
        yield f"        rows: [{{{row}}}]"
    yield "    expect:"
    yield "      rows: []  # fill in what the base answers"


def _reads(facts: Facts, subject: DatasetId) -> list[DatasetId]:
    return sorted(
        read
        for read, positions in facts.head.readers.items()
        if any(subject in facts.head.steps[position].writes for position in positions)
    )


def _row(facts: Facts, of: DatasetId) -> Iterator[str]:
    """Yield each column with a value that no other has, so that a swap shows."""
    table = facts.head.world.table(of)
    for number, (name, type_) in enumerate((table.columns if table else None) or (), 1):
        kind = str(type_).upper()
        if "DATE" in kind or "TIME" in kind:
            value = f"'2024-01-{number % 28 + 1:02}'"
        elif "CHAR" in kind or "TEXT" in kind or "STRING" in kind:
            value = f"'{name[:3]}{number}'"
        elif "BOOL" in kind:
            value = "true"
        else:
            value = str(number)
        yield f"{name}: {value}"
