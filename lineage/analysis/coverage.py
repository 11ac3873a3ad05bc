"""How much of an estate was understood, and what was not: silence is not safety."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from lineage.model.answer import CoverageReport, Opacity
from lineage.model.diagnostic import Diagnostic, Severity
from lineage.model.edge import Basis
from lineage.model.entities import CONSUMERS, Job, JobKind
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot

NO_SQL = "no-sql"
NO_LINEAGE = "no-lineage"
NO_SCHEMA = "no-schema"
_NOT_READ = frozenset({"unreadable", "broken-document"})


def coverage(snapshot: Snapshot) -> CoverageReport:
    """Return what was understood. Everything opaque is listed with its reason."""
    bases = Counter(edge.basis for edge in snapshot.edges)
    with_edges = {edge.job for edge in snapshot.edges if edge.job is not None}
    fed = {
        edge.target.dataset if isinstance(edge.target, FieldId) else edge.target
        for edge in snapshot.edges
        if edge.basis is not Basis.ASSUMED and isinstance(edge.target, FieldId | DatasetId)
    }
    statements = {id_: job for id_, job in snapshot.jobs.items() if _has_statement(job)}
    failed = dict(_failed(snapshot.diagnostics, statements.values()))
    unread = list(_unread(snapshot))
    opaque = [
        *unread,
        *(failed[id_] for id_ in statements if id_ in failed),
        *_silent(snapshot, with_edges, failed),
        *_shapeless(snapshot),
    ]
    return CoverageReport(
        statements=len(statements) + len(unread),
        understood=sum(
            id_ not in failed and job.sql is not None for id_, job in statements.items()
        ),
        datasets=len(snapshot.datasets),
        with_schema=sum(dataset.fields is not None for dataset in snapshot.datasets.values()),
        with_lineage=sum(id_ in fed for id_ in snapshot.datasets),
        declared=bases[Basis.DECLARED],
        derived=bases[Basis.DERIVED],
        both=bases[Basis.BOTH],
        assumed=bases[Basis.ASSUMED],
        opaque=tuple(opaque),
        near_misses=tuple(near_misses(snapshot.datasets)),
    )


def _unread(snapshot: Snapshot) -> Iterator[Opacity]:
    """Yield the documents that could not be read: nobody knows what statements they hold."""
    known = {job.origin.document for job in snapshot.jobs.values() if job.origin is not None}
    told: set[str] = set()
    for row in snapshot.diagnostics:
        name = row.location.document if row.location is not None else ""
        if row.code in _NOT_READ and name not in known and name not in told:
            told.add(name)
            yield Opacity(None, row.code, row.message, row.location)


def _has_statement(job: Job) -> bool:
    """Return whether a job has SQL, or ought to."""
    if job.sql is not None:
        return True
    return job.kind in {JobKind.MODEL, JobKind.STATEMENT} or job.note is not None


def _failed(
    diagnostics: Iterable[Diagnostic], jobs: Iterable[Job]
) -> Iterator[tuple[JobId, Opacity]]:
    """Yield the statements that an error was found in, by where the two stand."""
    errors: dict[str, list[Diagnostic]] = {}
    for diagnostic in diagnostics:
        if diagnostic.severity is Severity.ERROR and diagnostic.location is not None:
            errors.setdefault(diagnostic.location.document, []).append(diagnostic)
    starts: dict[str, list[Job]] = {}
    for job in jobs:
        if job.origin is not None:
            starts.setdefault(job.origin.document, []).append(job)
    for document, found in errors.items():
        here = sorted(
            starts.get(document, ()),
            key=lambda job: (job.origin.line, job.origin.column),
        )
        for diagnostic in found:
            place = diagnostic.location
            before = [
                job
                for job in here
                if place
                and job.origin
                and (job.origin.line, job.origin.column) <= (place.line, place.column)
            ]
            if before or here:
                job = before[-1] if before else here[0]
                yield job.id, Opacity(job.id, diagnostic.code, diagnostic.message, place)


def _silent(
    snapshot: Snapshot, with_edges: set[JobId], failed: dict[JobId, Opacity]
) -> Iterator[Opacity]:
    """Yield the jobs that read and write, and of which no lineage is known."""
    for id_, job in snapshot.jobs.items():
        if id_ in failed or job.kind in CONSUMERS:
            continue
        if job.sql is None and _has_statement(job):
            reason = job.note or "there is no SQL for it, so nothing can be proved about it"
            yield Opacity(id_, NO_SQL, reason, job.origin)
        elif id_ not in with_edges and job.inputs and job.outputs:
            reason = (
                "it reads and writes, and no column lineage is known: "
                "no producer declares any, and it carries no SQL"
                if job.sql is None
                else "its SQL was read, and no column of an input reaches an output"
            )
            yield Opacity(id_, NO_LINEAGE, reason, job.origin)


def _shapeless(snapshot: Snapshot) -> Iterator[Opacity]:
    for id_, dataset in snapshot.datasets.items():
        if dataset.fields is None:
            reason = "its columns are not known; provide its DDL, or events with a schema"
            yield Opacity(id_, NO_SCHEMA, reason, dataset.origin)


def near_misses(datasets: Iterable[DatasetId]) -> Iterator[tuple[DatasetId, DatasetId]]:
    """Yield pairs of datasets whose names differ in case, quotes or a leading part only."""
    by_form: dict[tuple[str, str], list[DatasetId]] = {}
    by_name: dict[str, list[DatasetId]] = {}
    every = sorted(datasets)
    for id_ in every:
        plain = id_.name.replace('"', "").replace("`", "").casefold()
        by_form.setdefault((id_.namespace, plain), []).append(id_)
        by_name.setdefault(plain, []).append(id_)
    for alike in by_form.values():
        yield from ((alike[0], other) for other in alike[1:])
    for plain, alike in by_name.items():
        for other in alike[1:]:
            if other.namespace != alike[0].namespace:
                yield alike[0], other
        # `orders` beside `shop.orders`, but only where the shorter could mean one thing.
        parts = plain.split(".")
        for start in range(1, len(parts)):
            for shorter in by_name.get(".".join(parts[start:]), ()):
                yield from (
                    (shorter, longer) for longer in alike if longer.namespace == shorter.namespace
                )
