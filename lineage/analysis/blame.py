"""What changed upstream before something broke: the mirror of impact."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from lineage.analysis.diff import Act, Aspect, Difference, fields, same_sql, same_type
from lineage.model.answer import Cone
from lineage.model.diagnostic import Location
from lineage.model.entities import Field, Job, RunState
from lineage.model.event import Arrival, Dataset, Event
from lineage.model.facet import ErrorMessageFacet, SchemaFacet, SqlFacet
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot
from lineage.model.wire import read_facet


class CulpritKind(StrEnum):
    """What happened upstream."""

    SCHEMA = "schema"
    """A dataset's columns or types changed."""
    SQL = "sql"
    """A job's statement changed."""
    RUN = "run"
    """A run failed or was aborted."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """One event upstream. ``hops`` counts from the thing that broke; nearer is more suspect."""

    at: datetime
    kind: CulpritKind
    subject: DatasetId | FieldId | JobId
    message: str
    hops: int
    path: tuple[FieldId | DatasetId, ...] = ()
    """From what changed, or what the job writes, down to what broke."""
    owners: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Blame:
    """What changed upstream of ``of`` until ``before``, the latest first."""

    of: FieldId | DatasetId
    before: datetime
    culprits: tuple[Culprit, ...]
    columns: int = 0
    """Columns upstream that were looked at."""
    datasets: int = 0
    without_history: tuple[DatasetId, ...] = ()
    """Upstream datasets whose changes, if any, nobody recorded: not cleared of suspicion."""


@dataclass(frozen=True, slots=True)
class _Suspect:
    """A dataset in the upstream cone: its nearest column, and the way from there."""

    hops: int
    way: tuple[FieldId | DatasetId, ...]


def blame(
    snapshot: Snapshot, cone: Cone, history: Iterable[Event | Arrival], before: datetime
) -> Blame:
    """Return what changed in an upstream cone until ``before`` (included), the latest first.

    ``history`` holds events in any order; those without a time of their own have the time at
    which a store received them, and those with neither cannot be placed and say nothing. The
    first schema and the first statement that are seen of a thing are not changes.
    """
    columns = {row.field: (row.hops, row.via) for row in cone.reached}
    suspects = _suspects(cone, columns)
    writers = _writers(snapshot, suspects)
    culprits: list[Culprit] = []
    recorded: set[DatasetId] = set()
    schemas: dict[DatasetId, tuple[Field, ...]] = {}
    statements: dict[JobId, str] = {}
    failures: set[tuple[str, JobId]] = set()
    for at, event in timeline(history, before):
        for dataset in (*event.inputs, *event.outputs, *filter(None, (event.dataset,))):
            id_ = DatasetId(dataset.namespace, dataset.name)
            if id_ in suspects:
                recorded.add(id_)
                culprits.extend(
                    _schema_culprit(snapshot, at, row, columns, suspects[id_])
                    for row in _schema_changes(id_, dataset, schemas)
                )
        job = event.job and JobId(event.job.namespace, event.job.name)
        if job is None or job not in writers:
            continue
        suspect = writers[job]
        known = snapshot.jobs.get(job) or Job(job)
        for kind, message in _job_changes(event, job, statements, failures):
            culprits.append(
                Culprit(
                    at, kind, job, message, suspect.hops, suspect.way, known.owners, known.origin
                )
            )
    culprits.sort(key=lambda row: (row.hops, row.kind, repr(row.subject), row.message))
    culprits.sort(key=lambda row: row.at, reverse=True)
    return Blame(
        cone.origin,
        before,
        tuple(culprits),
        len(cone.reached),
        len(cone.datasets),
        tuple(id_ for id_ in cone.datasets if id_ not in recorded),
    )


def timeline(history: Iterable[Event | Arrival], before: datetime) -> list[tuple[datetime, Event]]:
    """Return the events that can be placed in time until ``before``, the earliest first."""
    placed: list[tuple[datetime, Event]] = []
    for item in history:
        event = item.event if isinstance(item, Arrival) else item
        received = item.received if isinstance(item, Arrival) else None
        at = event.event_time or received
        if at is not None and at <= before:
            placed.append((at, event))
    placed.sort(key=lambda pair: pair[0])
    return placed


def _suspects(
    cone: Cone, columns: Mapping[FieldId, tuple[int, FieldId | DatasetId]]
) -> dict[DatasetId, _Suspect]:
    origin = cone.origin
    own = origin.dataset if isinstance(origin, FieldId) else origin
    found = {own: _Suspect(0, (origin,))}
    for row in cone.reached:  # nearest first
        if row.field.dataset not in found:
            found[row.field.dataset] = _Suspect(row.hops, way(cone, columns, row.field))
    return found


def way(
    cone: Cone,
    columns: Mapping[FieldId, tuple[int, FieldId | DatasetId]],
    start: FieldId | DatasetId,
) -> tuple[FieldId | DatasetId, ...]:
    """Return the columns from one in an upstream cone down to its origin, both included."""
    steps = [start]
    while isinstance(steps[-1], FieldId) and steps[-1] in columns and len(steps) <= len(columns):
        steps.append(columns[steps[-1]][1])
    if steps[-1] != cone.origin:
        steps.append(cone.origin)
    return tuple(steps)


def _writers(snapshot: Snapshot, suspects: Mapping[DatasetId, _Suspect]) -> dict[JobId, _Suspect]:
    """Return the jobs that write what is suspect, each by its nearest output."""
    found: dict[JobId, _Suspect] = {}
    outputs: dict[JobId, set[DatasetId]] = {
        id_: set(job.outputs) for id_, job in snapshot.jobs.items()
    }
    for edge in snapshot.edges:
        if edge.job is not None:
            target = edge.target.dataset if isinstance(edge.target, FieldId) else edge.target
            if isinstance(target, DatasetId):
                outputs.setdefault(edge.job, set()).add(target)
    for job, written in outputs.items():
        near = [suspects[id_] for id_ in sorted(written) if id_ in suspects]
        if near:
            found[job] = min(near, key=lambda suspect: suspect.hops)
    return found


def _schema_changes(
    id_: DatasetId, dataset: Dataset, schemas: dict[DatasetId, tuple[Field, ...]]
) -> Iterator[Difference]:
    facet, _ = read_facet(dataset.facets, SchemaFacet)
    if facet is None or facet.fields is None:
        return
    now = tuple(Field(item.name, item.type, nullable=item.nullable) for item in facet.fields)
    was = schemas.get(id_)
    schemas[id_] = now
    if was is None or was == now:
        return
    renamed = dict(_renamed(was, now))
    for row in fields(id_, was, now):
        name = row.subject.name if isinstance(row.subject, FieldId) else ""
        if row.aspect is Aspect.FIELD and row.act is Act.REMOVED and name in renamed:
            yield Difference(Aspect.FIELD, Act.CHANGED, row.subject, name, renamed[name])
        elif row.act is not Act.ADDED or name not in renamed.values():
            yield row


def _renamed(was: tuple[Field, ...], now: tuple[Field, ...]) -> Iterator[tuple[str, str]]:
    """Yield columns that went where one of the same type came, in the same place."""
    before, after = {field.name for field in was}, {field.name for field in now}
    if len(was) == len(now):
        for old, new in zip(was, now, strict=True):
            if old.name not in after and new.name not in before and same_type(old.type, new.type):
                yield old.name, new.name


def _schema_culprit(
    snapshot: Snapshot,
    at: datetime,
    row: Difference,
    columns: Mapping[FieldId, tuple[int, FieldId | DatasetId]],
    suspect: _Suspect,
) -> Culprit:
    subject = row.subject
    assert isinstance(subject, FieldId | DatasetId)  # noqa: S101 - `fields` yields no others
    id_ = subject.dataset if isinstance(subject, FieldId) else subject
    known = snapshot.datasets.get(id_)
    culprit = Culprit(
        at,
        CulpritKind.SCHEMA,
        subject,
        describe(row),
        suspect.hops,
        suspect.way,
        known.owners if known else (),
        known.origin if known else None,
    )
    if isinstance(subject, FieldId) and subject in columns:
        culprit = replace(culprit, hops=columns[subject][0])
    return culprit


def describe(row: Difference) -> str:
    """Say what happened to a dataset's columns."""
    name = row.subject.name if isinstance(row.subject, FieldId | DatasetId) else ""
    match row.act:
        case Act.ADDED:
            return f"column {name} was added ({row.after})"
        case Act.REMOVED:
            return f"column {name} was removed ({row.before})"
    if row.aspect is Aspect.FIELD:
        return f"column {name} is gone, and {row.after} stands in its place"
    if isinstance(row.subject, FieldId):
        return f"column {name} changed from {row.before} to {row.after}"
    return f"the columns were put in another order: {row.after}"


def _job_changes(
    event: Event,
    job: JobId,
    statements: dict[JobId, str],
    failures: set[tuple[str, JobId]],
) -> Iterator[tuple[CulpritKind, str]]:
    facet, _ = read_facet(event.job.facets, SqlFacet) if event.job else (None, ())
    if facet is not None and facet.query is not None:
        was = statements.get(job)
        statements[job] = facet.query
        if was is not None and not same_sql(_undated(was), _undated(facet.query)):
            yield CulpritKind.SQL, f"its SQL changed: {changed_line(was, facet.query)}"
    if event.event_type in {RunState.FAIL, RunState.ABORT} and event.run is not None:
        if (event.run.run_id, job) in failures:
            return
        failures.add((event.run.run_id, job))
        error, _ = read_facet(event.run.facets, ErrorMessageFacet)
        said = error.message if error and error.message else "no message was given"
        verb = "failed" if event.event_type == RunState.FAIL else "was aborted"
        yield CulpritKind.RUN, f"a run {verb}: {said.strip().splitlines()[0]}"


_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")


def _undated(sql: str) -> str:
    """Return a statement without its dates: one that is made anew each night did not change."""
    return _DATE.sub("(date)", sql)


def changed_line(before: str, after: str) -> str:
    """Return the first line that differs by more than a date, before and after."""
    old, new = before.splitlines(), after.splitlines()
    for one, other in zip(old, new, strict=False):
        if _undated(one).split() != _undated(other).split():
            return f"{one.strip()} → {other.strip()}"
    longer, sign = (new, "+") if len(new) > len(old) else (old, "-")
    return f"{sign} {longer[min(len(old), len(new))].strip()}"
