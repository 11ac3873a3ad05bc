"""Takes events in, one after the other, and keeps of them what may still matter.

Everything kept is a set, the earliest or latest of times, or the last word on something. So
nothing depends on the order of the events, nor on how often each is given.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from hashlib import blake2b
from typing import NamedTuple, TypeAlias, TypeVar

from lineage.model import event as ol
from lineage.model.diagnostic import Location
from lineage.model.entities import RunState
from lineage.model.event import Arrival, Event, EventKind, Facet, Facets
from lineage.model.facet import (
    ColumnLineageFacet,
    DatasetTypeFacet,
    DocumentationFacet,
    ErrorMessageFacet,
    JobTypeFacet,
    LineageDatasetFacet,
    LineageJobFacet,
    OriginFacet,
    OwnershipFacet,
    ParentFacet,
    SchemaFacet,
    SqlFacet,
    SymlinksFacet,
    TagsFacet,
)
from lineage.model.identity import DatasetId, JobId
from lineage.model.wire import Problem, encode, encode_facet, parse_facet

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of an event that has none: before all others."""

DATASET_FACETS: tuple[type[Facet], ...] = (
    SchemaFacet,
    DocumentationFacet,
    OwnershipFacet,
    TagsFacet,
    SymlinksFacet,
    DatasetTypeFacet,
    OriginFacet,
)
FLOW_FACETS: tuple[type[Facet], ...] = (ColumnLineageFacet, LineageDatasetFacet)
JOB_FACETS: tuple[type[Facet], ...] = (
    SqlFacet,
    DocumentationFacet,
    OwnershipFacet,
    TagsFacet,
    JobTypeFacet,
    OriginFacet,
)
JOB_FLOW_FACETS: tuple[type[Facet], ...] = (LineageJobFacet,)
RUN_FACETS: tuple[type[Facet], ...] = (ParentFacet, ErrorMessageFacet)

ENDS = frozenset({RunState.COMPLETE, RunState.ABORT, RunState.FAIL})
FAILED = frozenset({RunState.ABORT, RunState.FAIL})
_RANK = {
    RunState.START: 1,
    RunState.RUNNING: 2,
    RunState.OTHER: 3,
    RunState.COMPLETE: 4,
    RunState.ABORT: 5,
    RunState.FAIL: 6,
}
_NO_RANK = 0

F = TypeVar("F", bound=Facet)
Stamp: TypeAlias = tuple[datetime, int]
"""When something was said: of two events of one time, a run's end is later than its start."""


def digest(payload: bytes) -> bytes:
    """Return what identifies an event: 16 bytes of the hash of its text."""
    return blake2b(payload, digest_size=16).digest()


class Known:
    """A facet's text, and what it says: one object for all facets of the same text."""

    __slots__ = ("_text", "facet", "problems")

    def __init__(
        self, text: bytes, facet: Facet | None, problems: tuple[Problem, ...] = ()
    ) -> None:
        self._text = text
        self.facet = facet
        self.problems = problems

    def text(self) -> bytes:
        """Return the text, by which ties are broken; it is written only then if none was read."""
        if not self._text and self.facet is not None:
            self._text = encode_facet(self.facet)
        return self._text


class Word(NamedTuple):
    """The last word on something: when it was said, what, and where."""

    stamp: Stamp
    known: Known
    place: Location | None

    def yields_to(self, other: Word) -> bool:
        """Return whether `other` is later; of two at one time, the greater text is."""
        if self.stamp != other.stamp:
            return self.stamp < other.stamp
        return self.known is not other.known and self.known.text() < other.known.text()


class Words(dict[type[Facet], Word]):
    """The last word on each kind of facet."""

    __slots__ = ()

    def hear(self, kind: type[Facet], word: Word) -> None:
        """Keep `word` if it is the last."""
        last = self.get(kind)
        if last is None or last.yields_to(word):
            self[kind] = word

    def facet(self, kind: type[F]) -> F | None:
        """Return what the last word on that kind says; None when it was taken back."""
        word = self.get(kind)
        if word is None or not isinstance(word.known.facet, kind):
            return None
        return None if getattr(word.known.facet, "deleted", False) else word.known.facet


@dataclass(slots=True)
class Said:
    """What is said about a job's inputs and outputs."""

    inputs: set[DatasetId] = field(default_factory=set)
    outputs: set[DatasetId] = field(default_factory=set)
    flows: dict[DatasetId, Words] = field(default_factory=dict)
    """Column lineage by output."""
    job_flow: Words = field(default_factory=Words)


@dataclass(slots=True)
class Part:
    """What one run says, or the events of one job and one time that are of no run."""

    job: JobId | None
    run: str | None
    first: datetime
    stamp: Stamp
    said: Said = field(default_factory=Said)
    alone: tuple[Stamp, bytes, Said] | None = None
    """The last event that stands alone, if the job sends such (COMPLETE_SNAPSHOT)."""

    def whole(self) -> Said:
        """Return what counts: the last event that stands alone, else all of them together."""
        return self.said if self.alone is None else self.alone[2]


@dataclass(slots=True)
class Running:
    """A run so far."""

    job: tuple[Stamp, JobId]
    state: tuple[Stamp, RunState]
    first: datetime
    started: datetime | None = None
    ended: datetime | None = None
    words: Words = field(default_factory=Words)


class Gathered:
    """What events add up to so far."""

    def __init__(self) -> None:
        self.named: set[DatasetId] = set()
        """Datasets that are an input, an output, or the subject of a dataset event."""
        self.datasets: dict[DatasetId, Words] = {}
        self.jobs: dict[JobId, Words] = {}
        self.runs: dict[str, Running] = {}
        self.parts: dict[object, Part] = {}
        self.problems: dict[tuple[str, str, str], tuple[Location, set[bytes]]] = {}
        """By code, message and pointer: the first place, and the events that have the problem."""
        self._seen: dict[bytes, Location | None] = {}
        self._known: dict[tuple[type[Facet], bytes], Known] = {}

    @property
    def events(self) -> int:
        """Return how many there were; one that came twice is one."""
        return len(self._seen)

    def add(self, item: Event | Arrival) -> None:
        """Take in one event."""
        arrival = item if isinstance(item, Arrival) else Arrival(item)
        payload = arrival.payload
        key = digest(encode(arrival.event) if payload is None else payload)
        if key in self._seen:
            known, now = self._seen[key], arrival.origin
            if now is None or (known is not None and known <= now):
                return
            # Taken in again, for its place: of several, the first in order is told.
        self._seen[key] = arrival.origin
        _Addition(self, arrival, key).run()

    def parsed(self, values: Facets, kind: type[Facet]) -> Known | None:
        """Return the facet of that kind, parsed once for each different text."""
        value = values.get(kind.key)
        if value is None:
            return None
        if isinstance(value, Facet):
            return Known(b"", value) if isinstance(value, kind) else None
        text = bytes(value)
        known = self._known.get((kind, text))
        if known is None:
            known = self._known[kind, text] = Known(text, *parse_facet(text, kind))
        return known


class _Addition:
    """The taking in of one event."""

    __slots__ = ("_event", "_gathered", "_key", "_origin", "_stamp", "_state")

    def __init__(self, gathered: Gathered, arrival: Arrival, key: bytes) -> None:
        self._gathered = gathered
        self._event = arrival.event
        self._origin = arrival.origin
        self._key = key
        self._state = self._read_state()
        moment = self._read_time() or arrival.received or UNKNOWN_TIME
        rank = _NO_RANK if self._event.run is None else _RANK[self._state]
        self._stamp: Stamp = (moment, rank)

    def run(self) -> None:
        """Take it in."""
        event, gathered = self._event, self._gathered
        if event.dataset is not None:
            self._dataset(event.dataset, "/dataset")
            if event.kind is not EventKind.DATASET:
                message = f"a {event.kind} has no dataset of its own; it is kept all the same"
                self._problem("stray-dataset", message, "/dataset")
        for index, dataset in enumerate(event.inputs):
            self._dataset(dataset, f"/inputs/{index}")
        for index, dataset in enumerate(event.outputs):
            self._dataset(dataset, f"/outputs/{index}")
        if event.job is None:
            return
        job = JobId(event.job.namespace, event.job.name)
        words = gathered.jobs.get(job)
        if words is None:
            words = gathered.jobs[job] = Words()
        self._hear(words, event.job.facets, JOB_FACETS, "/job/facets")
        if event.run is not None and event.run.run_id:
            self._run(event.run, job)
        self._part(event.job, job)

    def _read_time(self) -> datetime | None:
        """Return the time; one that UTC does not have, at the edges of the calendar, is none."""
        moment = self._event.event_time
        if moment is not None and moment.year in {MINYEAR, MAXYEAR}:
            try:
                moment.astimezone(UTC)
            except OverflowError:
                message = "the time lies outside the years 1 to 9999 in UTC; it is left out"
                self._problem("wrong-type", message, "/eventTime")
                return None
        return moment

    def _read_state(self) -> RunState:
        text = self._event.event_type
        if text is None:
            return RunState.OTHER
        try:
            return RunState(text.upper())
        except ValueError:
            message = f'"{text}" is no type of event; it is taken as OTHER'
            self._problem("unknown-event-type", message, "/eventType")
            return RunState.OTHER

    def _dataset(self, dataset: ol.Dataset, pointer: str) -> None:
        name = DatasetId(dataset.namespace, dataset.name)
        gathered = self._gathered
        gathered.named.add(name)
        if dataset.facets:
            words = gathered.datasets.get(name)
            if words is None:
                words = gathered.datasets[name] = Words()
            self._hear(words, dataset.facets, DATASET_FACETS, f"{pointer}/facets")

    def _run(self, run: ol.Run, job: JobId) -> None:
        runs, stamp, state = self._gathered.runs, self._stamp, self._state
        moment = stamp[0]
        known = runs.get(run.run_id)
        if known is None:
            known = runs[run.run_id] = Running((stamp, job), (stamp, state), moment)
        known.job = max(known.job, (stamp, job))
        known.state = max(known.state, (stamp, state))
        known.first = min(known.first, moment)
        if state is RunState.START:
            known.started = min(known.started or moment, moment)
        if state in ENDS:
            known.ended = max(known.ended or moment, moment)
        self._hear(known.words, run.facets, RUN_FACETS, "/run/facets")

    def _part(self, named: ol.Job, job: JobId) -> None:
        event, parts, stamp = self._event, self._gathered.parts, self._stamp
        run = event.run.run_id if event.run is not None else ""
        key: object = (run, job) if run else (stamp, job)
        part = parts.get(key)
        if part is None:
            part = parts[key] = Part(job, run or None, stamp[0], stamp)
        part.first = min(part.first, stamp[0])
        part.stamp = max(part.stamp, stamp)
        alone = self._stands_alone(named)
        said = Said() if alone else part.said
        for dataset in event.inputs:
            said.inputs.add(DatasetId(dataset.namespace, dataset.name))
        for index, dataset in enumerate(event.outputs):
            name = DatasetId(dataset.namespace, dataset.name)
            said.outputs.add(name)
            if any(kind.key in dataset.facets for kind in FLOW_FACETS):
                words = said.flows.setdefault(name, Words())
                self._hear(words, dataset.facets, FLOW_FACETS, f"/outputs/{index}/facets")
        self._hear(said.job_flow, named.facets, JOB_FLOW_FACETS, "/job/facets")
        if alone and (part.alone is None or part.alone[:2] < (stamp, self._key)):
            part.alone = (stamp, self._key, said)

    def _stands_alone(self, job: ol.Job) -> bool:
        known = self._gathered.parsed(job.facets, JobTypeFacet)
        facet = known.facet if known is not None else None
        if not isinstance(facet, JobTypeFacet) or facet.emission_pattern is None:
            return False
        return facet.emission_pattern.event_content_mode == "COMPLETE_SNAPSHOT"

    def _hear(
        self, words: Words, values: Facets, kinds: Iterable[type[Facet]], pointer: str
    ) -> None:
        """Let each facet have the last word, if it is the last."""
        stamp = self._stamp
        for kind in kinds:
            if kind.key not in values:
                continue
            known = self._gathered.parsed(values, kind)
            if known is None:
                continue
            for problem in known.problems:
                place = f"{pointer}/{kind.key}{problem.pointer}"
                self._problem(problem.code, problem.message, place)
            last = words.get(kind)
            if known.facet is None or _says_nothing(known.facet):
                continue
            if last is None or last.stamp <= stamp:
                words.hear(kind, Word(stamp, known, self._place(f"{pointer}/{kind.key}")))

    def _place(self, pointer: str) -> Location | None:
        if self._origin is None:
            return None
        return Location(self._origin.document, self._origin.line, 0, pointer)

    def _problem(self, code: str, message: str, pointer: str) -> None:
        problems = self._gathered.problems
        place = self._place(pointer) or Location("", pointer=pointer)
        first, events = problems.get((code, message, pointer), (place, set[bytes]()))
        events.add(self._key)
        # A place that is known goes before one that is not.
        place = min(first, place, key=lambda place: (not place.document, place))
        problems[code, message, pointer] = (place, events)


def _says_nothing(facet: Facet) -> bool:
    """Return whether a facet is empty, as a schema without columns: what was known stays so."""
    return isinstance(facet, SchemaFacet) and not facet.fields and not facet.deleted
