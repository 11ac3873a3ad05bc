"""OpenLineage events: the one language that every source is turned into.

Follows OpenLineage 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json) and its facets. An
event has no discriminator: `run` makes it a run event, else `job` a job event, else `dataset` a
dataset event. So there is one struct, and `Event.kind` says which it is.

    event = job_event(
        Job("warehouse", "stg_orders", facets(SqlFacet(query="select ..."))),
        outputs=[Dataset("warehouse", "stg_orders", facets(SchemaFacet((SchemaField("id"),))))],
    )

Facets that came over the wire stay raw JSON until `read_facet` is asked for one, and unknown ones
stay so for good; facets made in memory are structs from the start, and JSON is written only by
`encode`. `decode` takes what can be understood of a faulty event and lists the rest as `Problem`s,
because a third of the events that real producers send breaks the schema.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    NamedTuple,
    TypeAlias,
    TypeVar,
    get_args,
    get_origin,
)

import msgspec

from lineage.model.diagnostic import Location

PRODUCER = "https://github.com/lineage-explorer/lineage-explorer"
"""Who we say we are in events and facets of our own making."""

SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/"
FACETS = "https://openlineage.io/spec/facets/"


# gc=False: these are values without cycles, and there are many of them. Looking through them for
# garbage again and again takes three quarters of the time that reading a large log takes.


class Facet(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A typed facet. `key` is its name in a `facets` object."""

    key: ClassVar[str]
    definition: ClassVar[str]


# A facet is raw JSON or a struct, but msgspec cannot decode into that union, and need not: what
# it decodes is always raw.
if TYPE_CHECKING:
    FacetValue: TypeAlias = msgspec.Raw | Facet
else:
    FacetValue = msgspec.Raw

_GREATEST = (1 << 31) - 1
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=_GREATEST)]
"""A line or a column. What is larger is none, and does not fit into what keeps it."""

Facets: TypeAlias = dict[str, FacetValue]
F = TypeVar("F", bound=Facet)


def facets(*values: Facet | None) -> Facets:
    """Return a `facets` object of typed facets; None is left out."""
    return {value.key: value for value in values if value is not None}


# ---------------------------------------------------------------------------------- the event


class Dataset(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A dataset as an event names it: an input, an output, or the subject of a dataset event."""

    namespace: str
    name: str
    facets: Facets = msgspec.field(default_factory=dict)
    input_facets: Facets = msgspec.field(default_factory=dict)
    output_facets: Facets = msgspec.field(default_factory=dict)


class Job(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The job of an event."""

    namespace: str
    name: str
    facets: Facets = msgspec.field(default_factory=dict)


class Run(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The run of an event. Without an id it cannot be told from other runs, and is not counted."""

    run_id: str = ""
    facets: Facets = msgspec.field(default_factory=dict)


class EventKind(StrEnum):
    """Which of the specification's three events it is."""

    RUN = "RunEvent"
    JOB = "JobEvent"
    DATASET = "DatasetEvent"


class Event(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A RunEvent, JobEvent or DatasetEvent."""

    event_time: datetime | None = None
    """When it happened; timezone-aware. None where the source has no clock, such as a SQL file."""
    event_type: str | None = None
    run: Run | None = None
    job: Job | None = None
    dataset: Dataset | None = None
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    producer: str = ""
    schema_url: str = msgspec.field(default="", name="schemaURL")

    @property
    def kind(self) -> EventKind:
        """Return which of the three it is, by what it carries."""
        if self.run is not None:
            return EventKind.RUN
        return EventKind.DATASET if self.job is None else EventKind.JOB


def run_event(  # noqa: PLR0913 (it has that many parts)
    run: Run,
    job: Job,
    *,
    event_type: str,
    event_time: datetime | None = None,
    inputs: Iterable[Dataset] = (),
    outputs: Iterable[Dataset] = (),
) -> Event:
    """Return the news that `run` of `job` changed its state."""
    return Event(
        event_time=event_time,
        event_type=event_type,
        run=run,
        job=job,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        producer=PRODUCER,
        schema_url=SPEC + EventKind.RUN,
    )


def job_event(
    job: Job,
    *,
    inputs: Iterable[Dataset] = (),
    outputs: Iterable[Dataset] = (),
    event_time: datetime | None = None,
) -> Event:
    """Return what is known of `job` without a run of it."""
    return Event(
        event_time=event_time,
        job=job,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        producer=PRODUCER,
        schema_url=SPEC + EventKind.JOB,
    )


def dataset_event(dataset: Dataset, *, event_time: datetime | None = None) -> Event:
    """Return what is known of `dataset` without a job."""
    return Event(
        event_time=event_time,
        dataset=dataset,
        producer=PRODUCER,
        schema_url=SPEC + EventKind.DATASET,
    )


class Arrival(msgspec.Struct, frozen=True, gc=False):
    """An event and where it came from. Stores and `catalog.apply` take it in place of an event."""

    event: Event
    origin: Location | None = None
    payload: bytes | None = None
    """The event exactly as it came; None for an event made in memory."""
    received: datetime | None = None
    """When a store took it in: the time of an event that has none of its own."""


# ------------------------------------------------------------------------------ dataset facets


class SchemaField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A column; `fields` are those of a nested structure. `nullable` is an addition of ours."""

    name: str
    type: str | None = None
    description: str | None = None
    fields: tuple[SchemaField, ...] | None = None
    nullable: bool | None = None


class SchemaFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The columns of a dataset, in order."""

    key: ClassVar[str] = "schema"
    definition: ClassVar[str] = "1-1-1/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet"
    fields: tuple[SchemaField, ...] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class LineageStep(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """One entry of `transformations`, in columnLineage and in lineage."""

    type: str = ""
    subtype: str | None = None
    description: str | None = None
    masking: bool | None = None


class InputField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A source column. `field` is None only where a dataset as a whole is meant."""

    namespace: str
    name: str
    field: str | None = None
    transformations: tuple[LineageStep, ...] | None = None


class OutputField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The source columns of one output column; the two other members are deprecated spellings."""

    input_fields: tuple[InputField, ...] = ()
    transformation_description: str | None = None
    transformation_type: str | None = None


class ColumnLineageFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Which columns an output's columns come from; `dataset` holds for all of them."""

    key: ClassVar[str] = "columnLineage"
    definition: ClassVar[str] = (
        "1-2-0/ColumnLineageDatasetFacet.json#/$defs/ColumnLineageDatasetFacet"
    )
    fields: dict[str, OutputField] = msgspec.field(default_factory=dict)
    dataset: tuple[InputField, ...] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class LineageInput(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A source: a dataset, one of its fields, or a job (nameless: the event's own)."""

    type: str = "DATASET"
    namespace: str | None = None
    name: str | None = None
    field: str | None = None
    run_id: str | None = None
    transformations: tuple[LineageStep, ...] | None = None


class LineageField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The sources of one target field."""

    inputs: tuple[LineageInput, ...] = ()


class LineageEntry(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A target, a dataset or a job (nameless: the event's own), and what flows into it."""

    type: str = "DATASET"
    namespace: str | None = None
    name: str | None = None
    run_id: str | None = None
    inputs: tuple[LineageInput, ...] | None = None
    fields: dict[str, LineageField] | None = None


class LineageDatasetFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Lineage stated outright on a dataset (experimental); it wins over columnLineage."""

    key: ClassVar[str] = "lineage"
    definition: ClassVar[str] = "1-0-0/LineageFacet.json#/$defs/LineageDatasetFacet"
    inputs: tuple[LineageInput, ...] | None = None
    fields: dict[str, LineageField] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class Identifier(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Another name of a dataset; `type` is TABLE or LOCATION."""

    namespace: str
    name: str
    type: str = "TABLE"


class SymlinksFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Other names of the dataset."""

    key: ClassVar[str] = "symlinks"
    definition: ClassVar[str] = "1-0-1/SymlinksDatasetFacet.json#/$defs/SymlinksDatasetFacet"
    identifiers: tuple[Identifier, ...] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class DocumentationFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What people say about a dataset or a job."""

    key: ClassVar[str] = "documentation"
    definition: ClassVar[str] = (
        "1-1-0/DocumentationDatasetFacet.json#/$defs/DocumentationDatasetFacet"
    )
    description: str | None = None
    content_type: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class Owner(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """One owner: `team:billing`, `user:ada`."""

    name: str
    type: str | None = None


class OwnershipFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Who answers for a dataset or a job."""

    key: ClassVar[str] = "ownership"
    definition: ClassVar[str] = "1-0-1/OwnershipDatasetFacet.json#/$defs/OwnershipDatasetFacet"
    owners: tuple[Owner, ...] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class Tag(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A label; one with a `field` is on that column. A plain tag has the value "true"."""

    key: str
    value: str = "true"
    source: str | None = None
    field: str | None = None

    @property
    def text(self) -> str:
        """Return `pii`, or `retention=30d` when the value says more than that the tag is there."""
        return self.key if self.value.lower() in {"true", ""} else f"{self.key}={self.value}"


class TagsFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The labels of a dataset and its columns, of a job, or of a run."""

    key: ClassVar[str] = "tags"
    definition: ClassVar[str] = "1-0-0/TagsDatasetFacet.json#/$defs/TagsDatasetFacet"
    tags: tuple[Tag, ...] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class DataSourceFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The system that holds the dataset."""

    key: ClassVar[str] = "dataSource"
    definition: ClassVar[str] = "1-0-1/DatasourceDatasetFacet.json#/$defs/DatasourceDatasetFacet"
    name: str | None = None
    uri: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class DatasetTypeFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What sort of dataset it is: TABLE, VIEW, FILE, TOPIC, MODEL."""

    key: ClassVar[str] = "datasetType"
    definition: ClassVar[str] = "1-0-1/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet"
    dataset_type: str | None = None
    sub_type: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class LifecycleFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What just happened to the dataset: CREATE, ALTER, DROP, OVERWRITE, RENAME, TRUNCATE."""

    key: ClassVar[str] = "lifecycleStateChange"
    definition: ClassVar[str] = (
        "1-0-1/LifecycleStateChangeDatasetFacet.json#/$defs/LifecycleStateChangeDatasetFacet"
    )
    lifecycle_state_change: str | None = None
    previous_identifier: Identifier | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class Assertion(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """One check and how it went."""

    assertion: str = ""
    success: bool | None = None
    column: str | None = None
    severity: str | None = None


class AssertionsFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The checks that were made on a dataset."""

    key: ClassVar[str] = "dataQualityAssertions"
    definition: ClassVar[str] = (
        "1-0-2/DataQualityAssertionsDatasetFacet.json#/$defs/DataQualityAssertionsDatasetFacet"
    )
    assertions: tuple[Assertion, ...] | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class MetricsFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """How much there is; the metrics of single columns stay raw."""

    key: ClassVar[str] = "dataQualityMetrics"
    definition: ClassVar[str] = (
        "1-0-3/DataQualityMetricsDatasetFacet.json#/$defs/DataQualityMetricsDatasetFacet"
    )
    row_count: int | None = None
    bytes: int | None = None
    file_count: int | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


# ------------------------------------------------------------------------ job and run facets


class SqlFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The statement that the job runs."""

    key: ClassVar[str] = "sql"
    definition: ClassVar[str] = "1-1-0/SQLJobFacet.json#/$defs/SQLJobFacet"
    query: str | None = None
    dialect: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class EmissionPattern(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Whether an event is a part of the news about a run, or all of it."""

    event_content_mode: str | None = None
    event_trigger: str | None = None


class JobTypeFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What sort of job it is, in the words of the integration that reports it."""

    key: ClassVar[str] = "jobType"
    definition: ClassVar[str] = "2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet"
    processing_type: str | None = None
    integration: str | None = None
    job_type: str | None = None
    emission_pattern: EmissionPattern | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class SourceLocationFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Where the job's code stands in version control."""

    key: ClassVar[str] = "sourceCodeLocation"
    definition: ClassVar[str] = (
        "1-0-1/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet"
    )
    type: str | None = None
    url: str | None = None
    path: str | None = None
    version: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class LineageJobFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Lineage stated outright on a job (experimental); it wins over columnLineage."""

    key: ClassVar[str] = "lineage"
    definition: ClassVar[str] = "1-0-0/LineageFacet.json#/$defs/LineageJobFacet"
    entries: tuple[LineageEntry, ...] = ()
    deleted: bool = msgspec.field(default=False, name="_deleted")


class JobRef(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The name of a job."""

    namespace: str
    name: str


class RunRef(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The name of a run."""

    run_id: str


class ParentFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The run that started this one."""

    key: ClassVar[str] = "parent"
    definition: ClassVar[str] = "1-1-0/ParentRunFacet.json#/$defs/ParentRunFacet"
    job: JobRef | None = None
    run: RunRef | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class ErrorMessageFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """Why the run failed."""

    key: ClassVar[str] = "errorMessage"
    definition: ClassVar[str] = "1-0-1/ErrorMessageRunFacet.json#/$defs/ErrorMessageRunFacet"
    message: str | None = None
    programming_language: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


class NominalTimeFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """The time that the run is about. Text, since producers write dates here too."""

    key: ClassVar[str] = "nominalTime"
    definition: ClassVar[str] = "1-0-1/NominalTimeRunFacet.json#/$defs/NominalTimeRunFacet"
    nominal_start_time: str | None = None
    nominal_end_time: str | None = None
    deleted: bool = msgspec.field(default=False, name="_deleted")


# ----------------------------------------------------------------------------- our own facet


class UsedField(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """A column that a consumer without SQL is known to use."""

    namespace: str
    name: str
    field: str
    type: str | None = None
    """The type that it has to have, where that is promised."""


class OriginFacet(Facet, frozen=True, rename="camel", omit_defaults=True, gc=False):
    """What OpenLineage cannot say: where in a file something stands, and what it is to people.

    Rides on jobs, and on datasets that no job of ours makes (a dbt source, a CREATE TABLE).
    """

    key: ClassVar[str] = "explorer_origin"
    definition: ClassVar[str] = "explorer_origin"
    document: str = ""
    line: Number = 0
    column: Number = 0
    kind: str | None = None
    """A `model.JobKind`."""
    relation_kind: str | None = None
    """The `model.DatasetKind` of the outputs; on a dataset, its own."""
    database: str | None = None
    schema: str | None = None
    statement: Number | None = None
    """Which statement of the document it is, from 0."""
    note: str | None = None
    owners: tuple[str, ...] | None = None
    domain: str | None = None
    fields: tuple[UsedField, ...] | None = None
    exact: bool = False
    """Whether each of these has to be there, by its name: dbt refuses a unit test otherwise."""
    places: tuple[tuple[Number, Number, Number, Number, bool], ...] | None = None
    """A `model.places.SourceMap`: line and column of the SQL, line and column of the document,
    and whether the text from there on is literally the document's."""
    later: str | None = None
    """What it runs from the second time on, where that is something else."""
    later_places: tuple[tuple[Number, Number, Number, Number, bool], ...] | None = None
    inlined: tuple[tuple[Number, str], ...] | None = None
    """Which of ``places``, by number from 0, are in another document, and in which."""
    deleted: bool = msgspec.field(default=False, name="_deleted")


# ----------------------------------------------------------------------------------- decoding


class Problem(NamedTuple):
    """Something in an event that could not be understood, and where it is (a JSON Pointer)."""

    code: str
    message: str
    pointer: str


class Decoded(NamedTuple):
    """An event, None when there is none in the document, and what was wrong with it."""

    event: Event | None
    problems: tuple[Problem, ...]


_EVENT = msgspec.json.Decoder(Event)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EDGES = frozenset({MINYEAR, MAXYEAR})
"""Years of which a part lies outside the calendar in another zone."""
_MILLISECONDS = 1e11
"""A count of seconds above this would be in the year 5138: it must be milliseconds."""


class _Nothing:
    """What `_salvage` returns where nothing could be understood."""


_NOTHING = _Nothing()


def decode(payload: bytes | memoryview | msgspec.Raw) -> Decoded:
    """Return the event in `payload`.

    Raises msgspec.DecodeError when that is not JSON. What has the wrong type is left out, and what
    lacks a name is dropped; each is listed.
    """
    try:
        event = _EVENT.decode(payload)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return _decode_faulty(bytes(payload))
    moment = event.event_time
    if moment is not None and (moment.tzinfo is None or moment.year in _EDGES):
        return _complete(event, [])
    if event.run is None and event.job is None and event.dataset is None:
        return _complete(event, [])
    if event.run is not None and (event.job is None or not event.run.run_id):
        return _complete(event, [])
    return Decoded(event, ())


def _decode_faulty(payload: bytes) -> Decoded:
    problems: list[Problem] = []
    try:
        found = _salvage(payload, Event, "", problems)
    except RecursionError as error:
        message = "JSON is malformed: it is nested too deeply"
        raise msgspec.DecodeError(message) from error
    except UnicodeDecodeError:
        again = decode(_repaired(payload))
        return Decoded(again.event, (_NOT_UTF8, *again.problems))
    if not isinstance(found, Event):
        return Decoded(None, tuple(problems))
    return _complete(found, problems)


def _complete(event: Event, problems: list[Problem]) -> Decoded:
    """Say what the types cannot: which members an event must have, and that times have a zone."""
    if event.run is None and event.job is None and event.dataset is None:
        message = "this JSON object is no OpenLineage event: it has no run, job or dataset"
        return Decoded(None, (*problems, Problem("not-an-event", message, "")))
    if event.event_time is not None and event.event_time.tzinfo is None:
        message = "the time has no zone; it is taken as UTC"
        problems.append(Problem("time-without-zone", message, "/eventTime"))
        event = msgspec.structs.replace(event, event_time=event.event_time.replace(tzinfo=UTC))
    if event.event_time is not None and not _has_utc(event.event_time):
        message = "the time lies outside the years 1 to 9999 in UTC; it is left out"
        problems.append(Problem("wrong-type", message, "/eventTime"))
        event = msgspec.structs.replace(event, event_time=None)
    if event.run is not None and event.job is None:
        message = "the run event names no job; its datasets are used, its lineage is not"
        problems.append(Problem("event-without-job", message, "/job"))
    if event.run is not None and not event.run.run_id:
        message = "the run has no id; it is not counted as a run"
        problems.append(Problem("run-without-id", message, "/run/runId"))
    return Decoded(event, tuple(problems))


def _has_utc(moment: datetime) -> bool:
    """Return whether a time can be told in UTC: at the edges of the calendar some cannot."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


def read_facet(values: Facets, kind: type[F]) -> tuple[F | None, tuple[Problem, ...]]:
    """Return the facet of that kind, or None when there is none; pointers start at the facet."""
    value = values.get(kind.key)
    if value is None:
        return None, ()
    if isinstance(value, Facet):
        return (value, ()) if isinstance(value, kind) else (None, ())
    return parse_facet(bytes(value), kind)


def parse_facet(payload: bytes, kind: type[F]) -> tuple[F | None, tuple[Problem, ...]]:
    """Return the facet in `payload`; pointers start at the facet."""
    try:
        return _decoder(kind).decode(payload), ()
    except msgspec.ValidationError:
        problems: list[Problem] = []
        try:
            found = _salvage(payload, kind, "", problems)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            return None, (*problems, Problem("malformed-json", f"not JSON: {error}", ""))
        return (found if isinstance(found, kind) else None), tuple(problems)
    except UnicodeDecodeError:
        value, more = parse_facet(_repaired(payload), kind)
        return value, (_NOT_UTF8, *more)
    except (msgspec.DecodeError, RecursionError) as error:
        return None, (Problem("malformed-json", f"not JSON: {error}", ""),)


_NOT_UTF8 = Problem("not-utf-8", "not all of it is UTF-8; what is not is shown as U+FFFD", "")


def _repaired(payload: bytes) -> bytes:
    return payload.decode("utf-8", errors="replace").encode()


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 (a type, or a union of types)
    return msgspec.json.Decoder(kind)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def _salvage(payload: bytes, kind: Any, pointer: str, problems: list[Problem]) -> Any:  # noqa: ANN401
    """Decode what can be of `payload`, level by level, down to the parts that are wrong."""
    try:
        return _decoder(kind).decode(payload)
    except msgspec.ValidationError:
        pass
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {UnionType, TypeAlias} or NoneType in arguments:
        (kind,) = (argument for argument in arguments if argument is not NoneType)
        origin, arguments = get_origin(kind), get_args(kind)
    found: Any = _NOTHING
    if kind is datetime:
        found = _salvage_time(payload)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _salvage_struct(payload, kind, pointer, problems)
    elif origin is tuple and Ellipsis in arguments and (items := _try(_ITEMS, payload)) is not None:
        each = (
            _salvage(bytes(item), arguments[0], f"{pointer}/{index}", problems)
            for index, item in enumerate(items)
        )
        return tuple(item for item in each if item is not _NOTHING)
    elif origin is dict and (members := _try(_MEMBERS, payload)) is not None:
        pairs = (
            (name, _salvage(bytes(item), arguments[1], f"{pointer}/{escape(name)}", problems))
            for name, item in members.items()
        )
        return {name: item for name, item in pairs if item is not _NOTHING}
    elif kind is str and _found(payload) == "a number":
        found = payload.decode()
    if found is _NOTHING:
        problems.append(_mismatch(payload, kind, origin, pointer))
    return found


def _salvage_struct(
    payload: bytes, kind: type[msgspec.Struct], pointer: str, problems: list[Problem]
) -> Any:  # noqa: ANN401
    members = _try(_MEMBERS, payload)
    if members is None:
        problems.append(_mismatch(payload, kind, None, pointer))
        return _NOTHING
    values: dict[str, Any] = {}
    for member in _fields(kind):
        place = f"{pointer}/{member.encode_name}"
        found = _NOTHING
        if member.encode_name in members:
            found = _salvage(bytes(members[member.encode_name]), member.type, place, problems)
        if found is not _NOTHING:
            values[member.name] = found
        elif member.required:
            message = f'"{member.encode_name}" is missing; what it belongs to is left out'
            if member.encode_name not in members:
                problems.append(Problem("missing-member", message, pointer))
            return _NOTHING
    return kind(**values)


def _try(decoder: msgspec.json.Decoder[Any], payload: bytes) -> Any:  # noqa: ANN401
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError:
        return None


def _salvage_time(payload: bytes) -> Any:  # noqa: ANN401
    """Read the times that RFC 3339 does not allow and producers write nevertheless."""
    try:
        value = msgspec.json.decode(payload)
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _EPOCH + timedelta(seconds=value / 1000 if value > _MILLISECONDS else value)
    except (ValueError, OverflowError):  # a number may be out of range: msgspec's is a ValueError
        pass
    return _NOTHING


def _mismatch(payload: bytes, kind: Any, origin: Any, pointer: str) -> Problem:  # noqa: ANN401
    expected = _EXPECTED.get(kind) or _EXPECTED.get(origin, "an object")
    if origin is tuple and Ellipsis not in get_args(kind):
        expected = f"an array of {len(get_args(kind))} entries as they should be"
    message = f"expected {expected}, found {_found(payload)}; it is left out"
    return Problem("null-value" if payload == b"null" else "wrong-type", message, pointer)


_EXPECTED: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    Number: f"a whole number from 0 to {_GREATEST:,}",
    str: "text",
    datetime: "a time such as 2024-05-01T12:00:00Z",
    tuple: "an array",
}


def _found(payload: bytes) -> str:
    match payload.lstrip()[:1]:
        case b"{":
            return "an object"
        case b"[":
            return "an array"
        case b'"':
            return "text"
        case b"t" | b"f":
            return "true or false"
        case b"n":
            return "null"
        case _:
            return "a number"


def escape(name: str) -> str:
    """Return `name` as a part of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


# ----------------------------------------------------------------------------------- encoding


class _Signature(msgspec.Struct, frozen=True):
    """What the specification wants in every facet."""

    producer: str = msgspec.field(default=PRODUCER, name="_producer")
    schema_url: str = msgspec.field(default="", name="_schemaURL")


_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(event: Event) -> bytes:
    """Return the event as JSON; equal events give equal bytes."""
    run, job, dataset = event.run, event.job, event.dataset
    return _ENCODER.encode(
        msgspec.structs.replace(
            event,
            run=run and msgspec.structs.replace(run, facets=_signed(run.facets)),
            job=job and msgspec.structs.replace(job, facets=_signed(job.facets)),
            dataset=dataset and _signed_dataset(dataset),
            inputs=tuple(map(_signed_dataset, event.inputs)),
            outputs=tuple(map(_signed_dataset, event.outputs)),
        )
    )


def encode_facet(value: FacetValue) -> bytes:
    """Return a facet as JSON: as it came, or as we would write it."""
    if not isinstance(value, Facet):
        return bytes(value)
    url = FACETS + value.definition if "#" in value.definition else f"{PRODUCER}#{value.definition}"
    head = _ENCODER.encode(_Signature(schema_url=url))
    body = _ENCODER.encode(value)
    return head if body == b"{}" else head[:-1] + b"," + body[1:]


def _signed(values: Facets) -> Facets:
    return {key: msgspec.Raw(encode_facet(value)) for key, value in values.items()}


def _signed_dataset(dataset: Dataset) -> Dataset:
    return msgspec.structs.replace(
        dataset,
        facets=_signed(dataset.facets),
        input_facets=_signed(dataset.input_facets),
        output_facets=_signed(dataset.output_facets),
    )
