"""A snapshot as bytes, and back: JSON for people and pipelines, MessagePack for ourselves.

The JSON begins with ``{"lineage_snapshot":``, by which it is recognised.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from lineage.model.diagnostic import Diagnostic, Location
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset, Job, Run
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId
from lineage.model.snapshot import Counts, Snapshot
from lineage.model.transformation import Transformation

VERSION = 1
MARK = b'{"lineage_snapshot":'


class Form(StrEnum):
    """How it is written."""

    JSON = "json"
    MSGPACK = "msgpack"


class _End(msgspec.Struct, frozen=True, array_like=True):
    """An endpoint: a column when it has a field, else a dataset or, where said, a job."""

    namespace: str
    name: str
    field: str | None = None
    job: bool = False


class _Edge(msgspec.Struct, frozen=True, array_like=True):
    """An edge between numbered endpoints. Most edges share their steps with many others."""

    source: int
    target: int
    basis: Basis
    job: int
    steps: int
    evidence: tuple[Location, ...] = ()
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    verified: bool = True


class _Saved(msgspec.Struct, frozen=True):
    lineage_snapshot: int
    state: str
    counts: Counts
    as_of: datetime | None
    datasets: list[Dataset]
    jobs: list[Job]
    runs: list[Run]
    ends: list[_End]
    edge_jobs: list[JobId]
    steps: list[tuple[Transformation, ...]]
    edges: list[_Edge]
    diagnostics: list[Diagnostic]


def dump(snapshot: Snapshot, form: Form = Form.JSON, *, state: str = "") -> bytes:
    """Return a snapshot as bytes. ``state`` is the caller's own mark, read back by `load`.

    Equal snapshots give equal bytes.
    """
    ends: dict[Endpoint, int] = {}
    jobs: dict[JobId, int] = {}
    steps: dict[frozenset[Transformation], int] = {}
    edges = [
        _Edge(
            ends.setdefault(edge.source, len(ends)),
            ends.setdefault(edge.target, len(ends)),
            edge.basis,
            -1 if edge.job is None else jobs.setdefault(edge.job, len(jobs)),
            steps.setdefault(edge.transformations, len(steps)),
            edge.evidence,
            edge.first_seen,
            edge.last_seen,
            edge.verified,
        )
        for edge in snapshot.edges
    ]
    saved = _Saved(
        VERSION,
        state,
        snapshot.counts,
        snapshot.as_of,
        list(snapshot.datasets.values()),
        list(snapshot.jobs.values()),
        list(snapshot.runs.values()),
        [_end(end) for end in ends],
        list(jobs),
        [tuple(sorted(some, key=_step_key)) for some in steps],
        edges,
        list(snapshot.diagnostics),
    )
    if form is Form.JSON:
        return msgspec.json.encode(saved, order="deterministic")
    return msgspec.msgpack.encode(saved, order="deterministic")


def load(data: bytes | memoryview, form: Form = Form.JSON) -> tuple[Snapshot, str]:
    """Return the snapshot and the mark that it was saved with.

    Raises ValueError, saying what is wrong, when the bytes are no snapshot of this version.
    """
    saved: _Saved
    if form is Form.JSON:
        saved = msgspec.json.decode(data, type=_Saved)
    else:
        saved = msgspec.msgpack.decode(data, type=_Saved)
    if saved.lineage_snapshot != VERSION:
        msg = f"it has version {saved.lineage_snapshot}, and this is made for version {VERSION}"
        raise ValueError(msg)
    ends = [_endpoint(end) for end in saved.ends]
    steps = [frozenset(some) for some in saved.steps]
    try:
        edges = tuple(_edges(saved, ends, steps))
    except IndexError:
        msg = "an edge names an endpoint that is not listed"
        raise ValueError(msg) from None
    return (
        Snapshot(
            {dataset.id: dataset for dataset in saved.datasets},
            {job.id: job for job in saved.jobs},
            {run.id: run for run in saved.runs},
            edges,
            tuple(saved.diagnostics),
            saved.counts,
            saved.as_of,
        ),
        saved.state,
    )


def _edges(
    saved: _Saved, ends: list[Endpoint], steps: list[frozenset[Transformation]]
) -> Iterable[Edge]:
    for edge in saved.edges:
        yield Edge(
            ends[edge.source],
            ends[edge.target],
            edge.basis,
            None if edge.job < 0 else saved.edge_jobs[edge.job],
            steps[edge.steps],
            edge.evidence,
            edge.first_seen,
            edge.last_seen,
            edge.verified,
        )


def _step_key(step: Transformation) -> tuple[str, str, str, str]:
    return (step.type.value, str(step.subtype), step.description, str(step.masking))


def _end(end: Endpoint) -> _End:
    match end:
        case FieldId(dataset, name):
            return _End(dataset.namespace, dataset.name, name)
        case DatasetId(namespace, name):
            return _End(namespace, name)
        case JobId(namespace, name):
            return _End(namespace, name, None, job=True)


def _endpoint(end: _End) -> Endpoint:
    if end.job:
        return JobId(end.namespace, end.name)
    dataset = DatasetId(end.namespace, end.name)
    return dataset if end.field is None else FieldId(dataset, end.field)
