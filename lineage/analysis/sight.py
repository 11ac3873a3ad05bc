"""How much of an estate was understood: what a check has to know before its silence means much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lineage.analysis.estate import UNREAD, Estate, reads_of
from lineage.catalog.derive import Settled
from lineage.catalog.kept import Half, Kept, Sight, half, pack
from lineage.catalog.program import Outcome, Program
from lineage.model.diagnostic import Diagnostic, Location
from lineage.model.identity import DatasetId, JobId

_NOT_READ = frozenset({"unreadable", "broken-document", "does-not-parse"})


def sight(estate: Estate) -> Sight:
    """Return how many jobs were understood, and what is not of each of the others."""
    found = bound_sight(estate.program, estate.outcomes)
    unseen = {**found.unseen}
    for id_, job in estate.snapshot.jobs.items():
        if job.sql is None and job.note:
            unseen[id_] = Diagnostic("no-sql", job.note, location=job.origin)
    return Sight(found.seen, unseen)


def bound_sight(program: Program, outcomes: Mapping[JobId, Outcome]) -> Sight:
    """Return how many units were understood of those that were bound."""
    unseen: dict[JobId, Diagnostic] = {}
    seen = 0
    for id_, outcome in outcomes.items():
        bad = [row for row in outcome.problems if row.code in UNREAD]
        if bad:
            origin = program.by_job[id_].job.origin
            unseen[id_] = Diagnostic(bad[0].code, bad[0].message, location=origin)
        else:
            seen += 1
    return Sight(seen, unseen)


def regrafted(whole: Kept, before: Estate, after: Estate) -> Sight:
    """Return the sight of a state that has ``after`` where a kept one has ``before``."""
    known, was, now = whole.sight(), sight(before), sight(after)
    unseen = {id_: row for id_, row in known.unseen.items() if id_ not in before.snapshot.jobs}
    return Sight(known.seen - was.seen + now.seen, {**unseen, **now.unseen})


def unseen(found: Sight, diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return what was not understood, jobs and whole documents, by place.

    A statement that does not parse is a job as well, and counts once.
    """
    rows = [*found.unseen.values()]
    told = {row.location.document for row in rows if row.location is not None}
    rows += [
        row
        for row in diagnostics
        if row.code in _NOT_READ and (row.location is None or row.location.document not in told)
    ]
    return tuple(sorted(rows, key=_by_place))


def _by_place(row: Diagnostic) -> tuple[Location, str, str]:
    return (row.location or Location(""), row.code, row.message)


def keep(estate: Estate, extra: bytes = b"", other: Half | None = None) -> bytes:
    """Return an estate as bytes, for `lineage.catalog.kept.Kept` to read."""
    reads = reads_of_bound(estate.program, estate.outcomes)
    for unit in estate.steps:
        if not unit.statements:
            reads[unit.id] = reads_of(unit, None)
    settled = Settled(estate.program, estate.world, estate.outcomes)
    return pack(settled, reads, sight(estate), extra, other)


def keep_half(settled: Settled) -> bytes:
    """Return what one of two has bound, for the other to `keep`."""
    reads = reads_of_bound(settled.program, settled.outcomes)
    return half(settled, reads, bound_sight(settled.program, settled.outcomes))


def reads_of_bound(
    program: Program, outcomes: Mapping[JobId, Outcome]
) -> dict[JobId, frozenset[DatasetId]]:
    """Return what units read, as bound."""
    return {id_: reads_of(program.by_job[id_], outcome) for id_, outcome in outcomes.items()}


__all__ = ["bound_sight", "keep", "keep_half", "regrafted", "sight", "unseen"]
