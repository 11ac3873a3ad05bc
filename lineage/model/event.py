"""OpenLineage events: the one language that every source is turned into.

Follows OpenLineage 2-0-2 (https://openlineage.io/spec/2-0-2/OpenLineage.json) and its facets. An
event has no discriminator: `run` makes it a run event, else `job` a job event, else `dataset` a
dataset event. So there is one struct, and `Event.kind` says which it is.

    event = job_event(
        Job("warehouse", "stg_orders", facets(SqlFacet(query="select ..."))),
        outputs=[Dataset("warehouse", "stg_orders", facets(SchemaFacet((SchemaField("id"),))))],
    )

Facets that came over the wire stay raw JSON until `wire.read_facet` is asked for one, and unknown
ones stay so for good; facets made in memory are structs (`facet`) from the start.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import (
    TYPE_CHECKING,
    Annotated,
    ClassVar,
    TypeAlias,
    TypeVar,
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
