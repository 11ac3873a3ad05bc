"""Rules over what a change does: what is worth telling, how badly, and under which stable name.

A module of this package is a rule, named for what it guards:

    RULE = Rule(purpose="...", why="...", example="...", fix="...", check=check)

Its id is the module's name in capitals: COLUMN_NO_DELETE.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.entities import Job, JobKind
from lineage.model.identity import DatasetId
from lineage.model.verdict import Impact, Known, Status, Verdict
from lineage.registry import Registry

if TYPE_CHECKING:
    from lineage.analysis.estate import Estate


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules look at."""

    impact: Impact
    base: Estate
    head: Estate
    problems: tuple[Diagnostic, ...] = ()
    """What is wrong with the documents of the head, and was not with the base's."""
    data: Mapping[DatasetId, Location] = field(default_factory=dict)
    """Seeds whose rows differ, and their files."""
    seen: int = 0
    """Jobs of the head whose SQL was understood."""
    unseen: tuple[Diagnostic, ...] = ()
    """One for each job of the head whose SQL was not."""
    floor: float | None = None
    """The least share of jobs that must be understood."""
    later: tuple[Verdict, ...] = ()
    """Relations that can be built once, and not a second time."""

    def of_kind(self, *kinds: JobKind) -> tuple[Verdict, ...]:
        """Return the verdicts on consumers of some kinds."""
        return tuple(verdict for verdict in self.impact.consumers if verdict.kind in kinds)


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a rule found. ``key`` is what the fingerprint is made of, beside the rule
    and the subject: nothing that changes when a file is moved or reformatted.
    """

    subject: str
    message: str
    key: str = ""
    status: Status = Status.OK
    known: Known = Known.BOUND
    location: Location | None = None
    owners: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    severity: Severity | None = None
    """Where it is not the rule's own."""
    fix: str = ""
    """Likewise."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as a record; the four texts are what `lineage rules` prints."""

    purpose: str
    why: str
    example: str
    fix: str
    check: Callable[[Facts], Iterable[Found]]
    severity: Severity = Severity.ERROR


RULES = Registry(__name__, "RULE", Rule, besides=("config", "facts", "judge", "suggest"))


def identifier(name: str) -> str:
    """Return the stable id of a rule: its module's name in capitals."""
    return name.upper()


def told(verdict: Verdict, *, severity: Severity | None = None) -> Iterable[Found]:
    """Yield a finding for each reason of a verdict, told once where it has none."""
    if not verdict.evidence:
        yield Found(
            verdict.relation,
            f"{verdict.relation}: {verdict.status.value.lower().replace('_', ' ')}",
            verdict.status.value,
            verdict.status,
            verdict.known,
            verdict.location,
            verdict.owners,
            verdict.path,
            severity,
        )
    for evidence in verdict.evidence:
        if evidence.code == "refused":
            continue  # the rule that found it tells of it
        yield Found(
            verdict.relation,
            f"{'' if evidence.certain else 'may: '}{evidence.message}",
            f"{verdict.status.value} {evidence.code} {evidence.column or ''}",
            verdict.status,
            verdict.known,
            placed(evidence.location, verdict.location),
            verdict.owners,
            verdict.path,
            severity,
        )


def placed(*places: Location | None) -> Location | None:
    """Return the first place, on its first line if no line is known."""
    known = next((place for place in places if place is not None), None)
    if known is not None and not known.line and not known.pointer:
        return Location(known.document, 1, 0)
    return known


def said(problem: Diagnostic) -> str:
    """Return what a problem says, without the place that its message begins with."""
    where = problem.location
    if where is None:
        return problem.message
    pattern = rf"^{re.escape(where.document)}(:\d+){{0,2}}: "
    return re.sub(pattern, "", problem.message, count=1)


def jobs_at(jobs: Iterable[Job], where: Location) -> list[Job]:
    """Return the jobs that a document defines; in YAML, which defines many, those of its line."""
    among = where.document.endswith((".yml", ".yaml"))
    return [
        job
        for job in jobs
        if job.origin is not None
        and job.kind is not JobKind.CONTRACT
        and job.origin.document == where.document
        and (not among or job.origin.line == where.line)
    ]


def subject_at(facts: Facts, where: Location | None) -> str:
    """Return the relation or consumer that is defined at a place, else the document's own name."""
    if where is None:
        return ""
    # Here, because a check that finds nothing changed has no need of the SQL parser.
    from lineage.analysis.estate import short  # noqa: PLC0415

    found = jobs_at(facts.head.snapshot.jobs.values(), where)
    for job in found:
        if job.outputs:
            return short(job.outputs[0])
    return found[0].id.name if found else where.document
