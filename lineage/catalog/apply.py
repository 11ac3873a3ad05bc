"""Merges events into the state that they describe.

The result does not depend on the order of the events, nor on how often each is given; see
`lineage.catalog.gather`. What is merged how, docs/events.md tells at length. In short:

* a facet replaces the earlier one of its name as a whole; `_deleted` removes it;
* inputs and outputs add up over a run, unless the job says COMPLETE_SNAPSHOT: then its last event
  stands alone;
* of a job's runs the last that succeeded counts, and those begun since, for each output by itself.
  What only failed or aborted runs said is kept, and is not `verified`;
* the experimental `lineage` facet wins over `columnLineage`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple, TypeAlias

from lineage.catalog import describe
from lineage.catalog.flow import Flow, Steps, of_column_lineage, of_lineage
from lineage.catalog.fold import repeated
from lineage.catalog.gather import FAILED, UNKNOWN_TIME, Gathered, Part, Said, Word, Words
from lineage.catalog.identity import caseless, resolve
from lineage.catalog.reconcile import edge_key
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.edge import Basis, Edge
from lineage.model.entities import CONSUMERS, Dataset, DatasetKind, Job, JobKind, RunState
from lineage.model.event import Arrival, Event
from lineage.model.facet import (
    ColumnLineageFacet,
    LineageDatasetFacet,
    LineageJobFacet,
    OriginFacet,
    SchemaFacet,
    SymlinksFacet,
)
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId
from lineage.model.snapshot import Counts, Snapshot
from lineage.model.wire import escape

_NOTES = frozenset({"null-value", "stray-dataset"})
"""Problems that cost nothing: what is meant is known."""

_TAKEN_BACK = Flow()

Target: TypeAlias = DatasetId | JobId


def apply(events: Iterable[Event | Arrival], diagnostics: Iterable[Diagnostic] = ()) -> Snapshot:
    """Return the state after `events`, in whatever order and however often each is given.

    `diagnostics` are those of the readers; they come back in the snapshot, with those about facets
    that could not be understood and about names that look alike.
    """
    gathered = Gathered()
    for event in events:
        gathered.add(event)
    return summary(gathered, diagnostics)


def history(events: Iterable[Event | Arrival]) -> tuple[Edge, ...]:
    """Return every column edge that was ever declared, those that are over included.

    Each is an interval: `first_seen` is when it was first declared, `last_seen` when it was last.
    An edge is over when a snapshot of the same events does not have it.
    """
    gathered = Gathered()
    for event in events:
        gathered.add(event)
    return _Summary(gathered).history()


def summary(gathered: Gathered, diagnostics: Iterable[Diagnostic] = ()) -> Snapshot:
    """Return the state that gathered events describe; more may be gathered afterwards."""
    return _Summary(gathered).snapshot(diagnostics)


class _Stream(NamedTuple):
    """One flow into one target, as one part of a job's history tells it."""

    part: Part
    flow: Flow
    pointer: str
    place: Location | None
    """Where the facet stands."""


@dataclass(slots=True)
class _Claimed:
    """All that is known of an edge while edges are collected."""

    first: datetime
    last: datetime
    verified: bool = False
    current: bool = False
    evidence: dict[Location, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Seen:
    """When one and the same flow was told, and by whom."""

    stream: _Stream
    claimed: _Claimed


_EdgeKey: TypeAlias = tuple[Endpoint, Endpoint, JobId | None, Steps]


class _Summary:
    """The state at the end, in the words of the model."""

    def __init__(self, gathered: Gathered) -> None:
        self._gathered = gathered
        self._flows: dict[tuple[int, JobId], Flow] = {}
        self._parts: dict[JobId, list[Part]] = defaultdict(list)
        for part in gathered.parts.values():
            if part.job is not None:
                self._parts[part.job].append(part)
        for parts in self._parts.values():
            parts.sort(key=lambda part: (part.stamp, part.run or ""))
        streams = {
            (job, target): found
            for job, parts in self._parts.items()
            for target, found in self._streams(job, parts).items()
        }
        sources = {
            source
            for found in streams.values()
            for flow in {id(stream.flow): stream.flow for stream in found}.values()
            for source in flow.sources()
        }
        targets = {target for _, target in streams if isinstance(target, DatasetId)}
        self._names = resolve(
            gathered.named, self._symlinks(), sources | targets, self._shortened()
        )
        self._streams_by_target: dict[tuple[JobId, Target], list[_Stream]] = defaultdict(list)
        for (job, target), found in streams.items():
            key = self._names.of(target) if isinstance(target, DatasetId) else target
            self._streams_by_target[job, key].extend(found)
        self._mentioned = {self._names.of(name) for name in sources | targets}
        self._words = self._merged_words()
        self._columns = {
            name: {column.name: column.name for column in schema.fields or ()}
            for name, words in self._words.items()
            if (schema := words.facet(SchemaFacet)) is not None and schema.fields
        }
        self._folded = {
            name: {column.casefold(): column for column in columns}
            for name, columns in self._columns.items()
        }
        self._alike: dict[FieldId, str] = {}
        self._edges: dict[_EdgeKey, _Claimed] = {}
        self._fed: dict[JobId, set[DatasetId]] = defaultdict(set)
        """The outputs of which a job's present lineage tells something."""

    def history(self) -> tuple[Edge, ...]:
        """Return all column edges, over or not."""
        for (job, target), streams in self._streams_by_target.items():
            self._flow(job, target, streams)
        return tuple(sorted(self._column_edges(over=True), key=edge_key))

    def snapshot(self, diagnostics: Iterable[Diagnostic]) -> Snapshot:
        """Return it."""
        gathered = self._gathered
        for (job, target), streams in self._streams_by_target.items():
            self._flow(job, target, streams)
        jobs = {name: self._job(name) for name in sorted(gathered.jobs)}
        edges = [*self._column_edges(), *self._opaque_edges(jobs.values())]
        datasets = self._datasets(jobs.values())
        told = {*diagnostics, *self._names.diagnostics, *self._told()}
        return Snapshot(
            datasets=datasets,
            jobs=jobs,
            runs={name: describe.run(name, gathered.runs[name]) for name in sorted(gathered.runs)},
            edges=tuple(sorted(edges, key=edge_key)),
            diagnostics=tuple(sorted(told, key=_diagnostic_key)),
            counts=Counts(
                events=gathered.events,
                runs=len(gathered.runs),
                jobs=len(gathered.jobs),
                datasets=len(gathered.named),
            ),
        )

    # ------------------------------------------------------------------------------- names

    def _symlinks(self) -> Iterator[tuple[DatasetId, DatasetId]]:
        for name, words in self._gathered.datasets.items():
            facet = words.facet(SymlinksFacet)
            for other in (facet.identifiers if facet else None) or ():
                yield name, DatasetId(other.namespace, other.name)

    def _shortened(self) -> Iterator[DatasetId]:
        """Yield what scripts add to, and nobody describes under that name."""
        for job, words in self._gathered.jobs.items():
            origin = words.facet(OriginFacet)
            if origin is None or origin.kind is not JobKind.STATEMENT:
                continue
            for part in self._parts.get(job, ()):
                yield from part.whole().outputs - self._gathered.datasets.keys()

    def _merged_words(self) -> dict[DatasetId, Words]:
        """Bring together what was said of a dataset under each of its names."""
        merged: dict[DatasetId, Words] = {}
        for name, words in self._gathered.datasets.items():
            one = merged.setdefault(self._names.of(name), Words())
            for kind, word in words.items():
                one.hear(kind, word)
        return merged

    def _spelled(self, end: Endpoint) -> Endpoint:
        """Return an endpoint under the name that its dataset and its column have."""
        if isinstance(end, DatasetId):
            return self._names.of(end)
        if isinstance(end, JobId):
            return end
        dataset = self._names.of(end.dataset)
        columns = self._columns.get(dataset)
        name = end.name
        if columns is not None and name not in columns:
            alike = self._folded[dataset].get(name.casefold())
            if alike is not None and caseless(dataset.namespace):
                name = alike
            elif alike is not None:
                self._alike[FieldId(dataset, name)] = alike
        return end if dataset is end.dataset and name is end.name else FieldId(dataset, name)

    # ------------------------------------------------------------------------------- edges

    def _streams(self, job: JobId, parts: Iterable[Part]) -> dict[Target, list[_Stream]]:
        """Return what each part of a job's history says flows into each of its targets."""
        found: dict[Target, list[_Stream]] = defaultdict(list)
        for part in parts:
            said = part.whole()
            entries = self._entries(job, said)
            for target, stream in entries.items():
                found[target].append(_Stream(part, *stream))
            for name, words in said.flows.items():
                if name in entries:
                    continue
                word = words.get(LineageDatasetFacet)
                if word is None or words.facet(LineageDatasetFacet) is None:
                    word = words.get(ColumnLineageFacet)
                flow = self._flow_of(word, job)
                if word is not None and flow is not None:
                    found[name].append(_Stream(part, flow, _pointer(word), word.place))
        return found

    def _entries(self, job: JobId, said: Said) -> dict[Target, tuple[Flow, str, Location | None]]:
        """Return the entries of a job's lineage facet by their target."""
        facet = said.job_flow.facet(LineageJobFacet)
        if facet is None:
            return {}
        word = said.job_flow[LineageJobFacet]
        found: dict[Target, tuple[Flow, str, Location | None]] = {}
        for index, entry in enumerate(facet.entries):
            target: Target
            if entry.type.upper() == "JOB":
                named = entry.namespace is not None and entry.name is not None
                target = JobId(entry.namespace or "", entry.name or "") if named else job
            elif entry.namespace is None or entry.name is None:
                continue
            else:
                target = DatasetId(entry.namespace, entry.name)
            key = (id(entry), job)
            flow = self._flows.get(key)
            if flow is None:
                flow = self._flows[key] = of_lineage(entry, job)
            found[target] = (flow, f"/job/facets/lineage/entries/{index}", word.place)
        return found

    def _flow_of(self, word: Word | None, job: JobId) -> Flow | None:
        """Return what a facet says; for all facets of one text it is worked out once."""
        facet = word.known.facet if word is not None else None
        if getattr(facet, "deleted", False):
            return _TAKEN_BACK
        key = (id(facet), job)
        flow = self._flows.get(key)
        if flow is None:
            if isinstance(facet, LineageDatasetFacet):
                flow = of_lineage(facet, job)
            elif isinstance(facet, ColumnLineageFacet):
                flow = of_column_lineage(facet)
            else:
                return None
            self._flows[key] = flow
        return flow

    def _flow(self, job: JobId, target: Target, streams: list[_Stream]) -> None:
        """Turn all that was ever said to flow into one target of one job into edges."""
        current = {id(stream) for stream in self._current(streams)}
        seen: dict[int, _Seen] = {}
        for stream in streams:
            part = stream.part
            known = seen.get(id(stream.flow))
            if known is None:
                claimed = _Claimed(part.first, part.stamp[0])
                known = seen[id(stream.flow)] = _Seen(stream, claimed)
            claimed = known.claimed
            claimed.first = min(claimed.first, part.first)
            claimed.last = max(claimed.last, part.stamp[0])
            claimed.verified |= not self._failed(part)
            claimed.current |= id(stream) in current
            if stream.part.stamp >= known.stream.part.stamp:
                known.stream = stream
        for known in seen.values():
            self._claims(job, target, known.stream, known.claimed)

    def _claims(self, job: JobId, target: Target, stream: _Stream, claimed: _Claimed) -> None:
        flow = stream.flow.renamed(self._spelled)
        whole = set(flow.whole)
        folded = set()
        if isinstance(target, DatasetId):
            columns = self._columns.get(target)
            named = {
                spelled.name: claims
                for column, claims in flow.columns.items()
                if isinstance(spelled := self._spelled(FieldId(target, column)), FieldId)
            }
            folded = repeated(named, columns)
            for column, claims in named.items():
                place = _at(stream, f"{flow.columns_pointer}/{escape(column)}")
                for source, steps in claims:
                    if (source, steps) not in folded:
                        key = (source, FieldId(target, column), job, steps)
                        self._claim(key, claimed, place)
        for source, steps in whole:
            self._claim((source, target, job, steps), claimed, _at(stream, flow.whole_pointer))
        for source, steps in folded - whole:
            place = _at(stream, flow.columns_pointer) or Location("", pointer=flow.columns_pointer)
            self._claim((source, target, job, steps), claimed, place)

    def _claim(self, key: _EdgeKey, claimed: _Claimed, place: Location | None) -> None:
        known = self._edges.get(key)
        if known is None:
            known = self._edges[key] = _Claimed(claimed.first, claimed.last)
        known.first = min(known.first, claimed.first)
        known.last = max(known.last, claimed.last)
        known.verified |= claimed.verified
        known.current |= claimed.current
        _, target, job, _ = key
        if claimed.current and job is not None and not isinstance(target, JobId):
            self._fed[job].add(target.dataset if isinstance(target, FieldId) else target)
        if place is not None and claimed.current:
            known.evidence[place] = None

    def _current(self, streams: list[_Stream]) -> list[_Stream]:
        """Return the last that is settled, and all that came after it; all if none is."""
        ordered = sorted(streams, key=lambda stream: stream.part.stamp)
        settled = [stream.part.stamp for stream in ordered if self._settled(stream.part)]
        return [stream for stream in ordered if not settled or stream.part.stamp >= settled[-1]]

    def _state(self, part: Part) -> RunState | None:
        return self._gathered.runs[part.run].state[1] if part.run else None

    def _settled(self, part: Part) -> bool:
        """Return whether a part is final: a run that succeeded, or no run at all."""
        return self._state(part) in {RunState.COMPLETE, None}

    def _failed(self, part: Part) -> bool:
        return self._state(part) in FAILED

    def _column_edges(self, *, over: bool = False) -> Iterator[Edge]:
        for (source, target, job, steps), claimed in self._edges.items():
            if claimed.current or over:
                yield Edge(
                    source,
                    target,
                    Basis.DECLARED,
                    job,
                    steps,
                    tuple(sorted(claimed.evidence)),
                    _known_time(claimed.first),
                    _known_time(claimed.last),
                    claimed.verified,
                )

    def _opaque_edges(self, jobs: Iterable[Job]) -> Iterator[Edge]:
        """Yield dataset edges for what is known of jobs that say nothing about columns."""
        for job in jobs:
            if job.sql is not None or job.kind in CONSUMERS:
                continue
            for edge in dataset_edges(job):
                if edge.target in self._fed[job.id]:
                    continue
                parts = self._parts.get(job.id, [])
                yield replace(
                    edge,
                    first_seen=_known_time(min(part.first for part in parts)),
                    last_seen=_known_time(max(part.stamp[0] for part in parts)),
                    verified=not all(self._failed(part) for part in parts),
                )

    # ---------------------------------------------------------------------------- entities

    def _job(self, name: JobId) -> Job:
        inputs: set[DatasetId] = set()
        outputs: set[DatasetId] = set()
        parts = self._parts.get(name, [])
        naming = [part for part in parts if part.whole().inputs or part.whole().outputs]
        settled = [part.stamp for part in naming if self._settled(part)]
        for part in naming:
            if not settled or part.stamp >= settled[-1]:
                said = part.whole()
                inputs.update(map(self._names.of, said.inputs))
                outputs.update(map(self._names.of, said.outputs))
        outputs |= self._fed[name]
        return replace(
            describe.job(name, self._gathered.jobs[name], self._names),
            inputs=tuple(sorted(inputs)),
            outputs=tuple(sorted(outputs)),
        )

    def _datasets(self, jobs: Iterable[Job]) -> dict[DatasetId, Dataset]:
        makers: dict[DatasetId, list[Job]] = defaultdict(list)
        for job in jobs:
            for output in job.outputs:
                makers[output].append(job)
        written = self._written()
        every = {self._names.of(name) for name in self._gathered.named} | self._mentioned
        datasets: dict[DatasetId, Dataset] = {}
        for name in sorted(every):
            aliases = self._names.aliases.get(name, ())
            found = describe.dataset(name, self._words.get(name, Words()), aliases)
            if name in makers:
                found = self._made(found, makers[name])
            datasets[name] = replace(found, updated_at=written.get(name))
        return datasets

    def _made(self, found: Dataset, makers: list[Job]) -> Dataset:
        """Complete a dataset with what is known of the jobs that make it."""
        kinds = (describe.relation_kind(self._gathered.jobs[job.id]) for job in makers)
        told = found.kind if found.kind is not DatasetKind.UNKNOWN else None
        return replace(
            found,
            kind=told or next(filter(None, kinds), DatasetKind.UNKNOWN),
            owners=found.owners or tuple(dict.fromkeys(o for job in makers for o in job.owners)),
            domain=found.domain or next((job.domain for job in makers if job.domain), None),
            origin=found.origin or next((job.origin for job in makers if job.origin), None),
        )

    def _written(self) -> dict[DatasetId, datetime]:
        """Return when each dataset was last written by a run that succeeded."""
        written: dict[DatasetId, datetime] = {}
        for part in self._gathered.parts.values():
            if part.run and self._state(part) is RunState.COMPLETE:
                moment = self._gathered.runs[part.run].ended or part.stamp[0]
                for name in map(self._names.of, part.whole().outputs):
                    written[name] = max(written.get(name, moment), moment)
        return {name: moment.astimezone(UNKNOWN_TIME.tzinfo) for name, moment in written.items()}

    # ------------------------------------------------------------------------- diagnostics

    def _told(self) -> Iterator[Diagnostic]:
        for (code, message, _), (place, events) in self._gathered.problems.items():
            severity = Severity.NOTE if code in _NOTES else Severity.WARNING
            more = f" (and in {len(events) - 1} more events)" if len(events) > 1 else ""
            yield Diagnostic(code, message + more, severity, place if place.document else None)
        for column, alike in sorted(self._alike.items()):
            message = (
                f'lineage names column "{column.name}" of {column.dataset.name}, whose schema has '
                f'"{alike}"; they were kept apart'
            )
            yield Diagnostic("similar-names", message, Severity.NOTE)


def dataset_edges(job: Job) -> Iterator[Edge]:
    """Yield an edge from every input to every output: what is known when columns are not."""
    for source in job.inputs:
        for target in job.outputs:
            if source != target:
                yield Edge(source, target, Basis.DECLARED, job.id)


def _pointer(word: Word) -> str:
    return word.place.pointer if word.place is not None else ""


def _at(stream: _Stream, pointer: str) -> Location | None:
    """Return a place inside the facet that the stream was read from."""
    if stream.place is None:
        return None
    return replace(stream.place, pointer=stream.pointer + pointer)


def _known_time(moment: datetime) -> datetime | None:
    return None if moment == UNKNOWN_TIME else moment.astimezone(UNKNOWN_TIME.tzinfo)


def _diagnostic_key(found: Diagnostic) -> tuple[object, ...]:
    return (found.location or Location(""), found.code, found.message, found.severity)
