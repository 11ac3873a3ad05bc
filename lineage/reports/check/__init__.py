"""Reports of a check: what a pull request does, for people, pages and programs.

A module of this package declares REPORT, a `CheckReport`; its name is what `--output` takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.verdict import Impact, Status
from lineage.policy.judge import Ruling, Standing
from lineage.registry import Registry
from lineage.reports import Material


@dataclass(frozen=True, slots=True)
class Checked:
    """What a report is written from."""

    base: str
    head: str
    impact: Impact
    rulings: tuple[Ruling, ...]
    fail_on: str
    failed: bool
    seen: int
    unseen: tuple[Diagnostic, ...]
    material: Callable[[], Material]
    """The cone, for the page that draws it."""
    tests: str = ""
    """Proposed tests, where they were asked for."""

    def active(self) -> tuple[Ruling, ...]:
        """Return the findings that count."""
        return tuple(row for row in self.rulings if row.standing is Standing.ACTIVE)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """One form of a check. ``write`` yields pieces of text that follow each other."""

    purpose: str
    write: Callable[[Checked], Iterable[str]]


CHECK_REPORTS = Registry(__name__, "REPORT", CheckReport)


_TOLD = frozenset({Status.UNKNOWN, Status.BREAKS})
"""Verdicts on what was not understood."""


def headline(checked: Checked) -> str:
    """Return the answer in one sentence: what is proved to break, then the rest, as numbers."""
    active = checked.active()
    if not (checked.seen or checked.unseen or checked.rulings):
        return "Nothing changed"
    errors = len({row.finding.subject for row in active if row.finding.severity is Severity.ERROR})
    verdicts = (*checked.impact.relations, *checked.impact.consumers)
    counted = Counter(verdict.status for verdict in verdicts)
    told = {row.location for row in verdicts if row.status in _TOLD and row.location}
    unknown = counted[Status.UNKNOWN] + sum(row.location not in told for row in checked.unseen)
    values = {row.finding.subject for row in active if row.finding.status is Status.VALUE_CHANGES}
    parts = []
    if errors:
        parts.append(f"{errors} {'breaks' if errors == 1 else 'break'}")
    else:
        parts.append("nothing is known to break" if unknown else "nothing breaks")
    if counted[Status.BLOCKED]:
        parts.append(f"{counted[Status.BLOCKED]} cannot be built because of that")
    if values:
        parts.append(f"{len(values)} may hold other values")
    if unknown:
        parts.append(f"{unknown} could not be judged")
    quiet = len(checked.rulings) - len(active)
    if quiet:
        parts.append(f"{quiet} acknowledged")
    text = ", ".join(parts)
    return text[0].upper() + text[1:]


def sight(checked: Checked) -> str:
    """Return how much of it was judged, in one line."""
    coverage = checked.impact.coverage
    if not (checked.seen or checked.unseen or checked.rulings):
        return "nothing differs"
    return (
        f"{coverage.proved} downstream proved, {coverage.inferred} inferred, "
        f"{coverage.unknown} unknown; {checked.seen} of {checked.seen + len(checked.unseen)} "
        f"statements understood"
    )


def place(location: Location | None) -> str:
    """Return ``file:line:column``, as far as it is known."""
    if location is None:
        return ""
    numbers = [number for number in (location.line, location.column) if number]
    return ":".join([location.document, *map(str, numbers)])
