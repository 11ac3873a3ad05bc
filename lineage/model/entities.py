"""Datasets, fields, jobs and runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lineage.model.diagnostic import Location
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.places import SourceMap


class RunState(StrEnum):
    """OpenLineage ``eventType``."""

    START = "START"
    RUNNING = "RUNNING"
    COMPLETE = "COMPLETE"
    ABORT = "ABORT"
    FAIL = "FAIL"
    OTHER = "OTHER"


class DatasetKind(StrEnum):
    """What a dataset is to the people who use it."""

    TABLE = "table"
    VIEW = "view"
    SEED = "seed"
    SNAPSHOT = "snapshot"
    SOURCE = "source"
    FILE = "file"
    TOPIC = "topic"
    FEATURE = "feature"
    MODEL = "model"
    DASHBOARD = "dashboard"
    UNKNOWN = "unknown"


class JobKind(StrEnum):
    """What a job is. Consumers (test, exposure, metric, contract) read and write nothing."""

    JOB = "job"
    MODEL = "model"
    STATEMENT = "statement"
    TEST = "test"
    EXPOSURE = "exposure"
    METRIC = "metric"
    CONTRACT = "contract"


CONSUMERS = frozenset({JobKind.TEST, JobKind.EXPOSURE, JobKind.METRIC, JobKind.CONTRACT})
"""Kinds of job that end a path: nothing is downstream of them."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column as the SchemaDatasetFacet describes it.

    ``nullable`` is three-valued: ``None`` means nobody said.
    """

    name: str
    type: str | None = None
    description: str | None = None
    tags: frozenset[str] = frozenset()
    nullable: bool | None = None


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset and its columns in declared order; ``None`` when the schema is unknown."""

    id: DatasetId
    fields: tuple[Field, ...] | None = None
    description: str | None = None
    kind: DatasetKind = DatasetKind.UNKNOWN
    owners: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    domain: str | None = None
    origin: Location | None = None
    """Where its definition stands, when a document was read."""
    aliases: tuple[DatasetId, ...] = ()
    """Other names that were merged into this one (SymlinksDatasetFacet, quoting, case)."""
    updated_at: datetime | None = None
    """When a run last wrote it; timezone-aware UTC."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job, what it reads and writes and, where known, the SQL it runs."""

    id: JobId
    sql: str | None = None
    dialect: str | None = None
    kind: JobKind = JobKind.JOB
    inputs: tuple[DatasetId, ...] = ()
    outputs: tuple[DatasetId, ...] = ()
    description: str | None = None
    owners: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    domain: str | None = None
    origin: Location | None = None
    """Where ``sql`` starts in its document: what is written at line 1, column 1 of ``sql``
    stands at ``origin.line``, ``origin.column``."""
    places: SourceMap | None = None
    """Where the rest of it stands, when a template made ``sql``; ask ``model.places.locate``."""
    database: str | None = None
    """Database that an unqualified name in ``sql`` belongs to."""
    schema: str | None = None
    """Schema that an unqualified name in ``sql`` belongs to."""
    fields: tuple[FieldId, ...] = ()
    """Columns that a consumer without SQL is known to use (a contract, a generic test)."""
    exact: bool = False
    """Whether it cannot be run unless each of these is there (a unit test)."""
    promised: tuple[tuple[str, str | None], ...] = ()
    """The columns, with their types, that a contract promises of its only input."""
    later: str | None = None
    """What it runs from the second time on (an incremental model), where that is something else."""
    later_places: SourceMap | None = None
    note: str | None = None
    """Why there is no SQL although there should be, for example after a failed run."""


@dataclass(frozen=True, slots=True)
class Run:
    """The latest known state of one execution. Times are timezone-aware UTC."""

    id: str
    job: JobId
    state: RunState
    at: datetime
    started: datetime | None = None
    ended: datetime | None = None
    message: str | None = None
    """The error of a failed run (ErrorMessageRunFacet)."""
    parent: JobId | None = None
