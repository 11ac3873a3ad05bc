"""Answers to questions about an estate: what was found, what is reached, by which way."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from lineage.model.diagnostic import Location
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId, JobId


class Direction(StrEnum):
    """Which way to walk from a column."""

    DOWNSTREAM = "downstream"
    UPSTREAM = "upstream"


class HitKind(StrEnum):
    """What a search found."""

    COLUMN = "column"
    DATASET = "dataset"
    JOB = "job"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a search found. Higher scores come first; 1.0 is the very name."""

    kind: HitKind
    id: FieldId | DatasetId | JobId
    label: str
    detail: str
    """Why it was found, for people: its type, its description, its owner."""
    score: float


@dataclass(frozen=True, slots=True)
class Reached:
    """A column in a cone.

    A field called ``*`` stands for a whole dataset whose columns nobody has told.
    """

    field: FieldId
    hops: int
    """Edges on the shortest way from the origin, of either kind."""
    direct: bool
    """True when some way from the origin carries the value itself: DIRECT edges only."""
    via: FieldId | DatasetId
    """The step before it on a shortest way: nearer to the origin."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Something that reads and writes nothing: a test, an exposure, a metric, a contract."""

    job: JobId
    kind: str


@dataclass(frozen=True, slots=True)
class Cone:
    """Everything downstream (or upstream) of an origin, nearest first, the origin left out.

    An origin on a cycle reaches itself, and is then listed.
    """

    origin: FieldId | DatasetId
    direction: Direction
    reached: tuple[Reached, ...]
    edges: tuple[Edge, ...] = ()
    """The edges between the origin and what is reached, dataset-wide ones not expanded."""
    consumers: tuple[Consumer, ...] = ()
    """Who reads the origin or what is downstream of it, by name; none upstream."""
    depth: int | None = None
    """The limit that was asked for."""
    direct: bool = False
    """Whether only DIRECT edges were followed."""

    @property
    def datasets(self) -> dict[DatasetId, int]:
        """How many columns are reached in each dataset, in the order they are reached."""
        counted: dict[DatasetId, int] = {}
        for row in self.reached:
            counted[row.field.dataset] = counted.get(row.field.dataset, 0) + 1
        return counted


@dataclass(frozen=True, slots=True)
class Step:
    """One hop of a path, with the edges that make it (several jobs may)."""

    source: FieldId | DatasetId
    target: FieldId | DatasetId
    edges: tuple[Edge, ...]

    @property
    def direct(self) -> bool:
        """True when one of the edges carries the value."""
        return any(edge.direct for edge in self.edges)


@dataclass(frozen=True, slots=True)
class Path:
    """A way from one column to another that passes no column twice."""

    steps: tuple[Step, ...]

    @property
    def columns(self) -> tuple[FieldId | DatasetId, ...]:
        """The columns on the way, both ends included."""
        if not self.steps:
            return ()
        return (self.steps[0].source, *(step.target for step in self.steps))

    @property
    def direct(self) -> bool:
        """True when the value itself can travel the whole way."""
        return all(step.direct for step in self.steps)


@dataclass(frozen=True, slots=True)
class Statement:
    """The SQL behind a job."""

    job: JobId
    sql: str | None
    """``None`` when the job is known but its text is not; ``note`` may say why."""
    dialect: str | None = None
    location: Location | None = None
    """Where line 1, column 1 of ``sql`` stands."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """All lineage between two groups of columns: tables, schemas, domains."""

    source: str
    target: str
    direct: int
    indirect: int


@dataclass(frozen=True, slots=True)
class Stats:
    """How much there is. ``lineage stats --format json`` prints exactly these, in this order."""

    events: int
    runs: int
    jobs: int
    datasets: int
    """Datasets named in inputs, outputs or dataset events."""
    fields: int
    """Columns of known schemas and columns that an edge names."""
    column_edges: int
    """Pairs of columns with lineage through one job, dataset-wide edges expanded."""
    declared_column_edges: int
    dataset_edges: int
    """Pairs of datasets with lineage between them."""
    diagnostics: int


@dataclass(frozen=True, slots=True)
class Extent:
    """How large the graph is. A dataset of several names is one, a dataset-wide edge is one."""

    datasets: int
    columns: int
    edges: int


@dataclass(frozen=True, slots=True)
class Opacity:
    """Something that lineage could not be told for, and why."""

    subject: DatasetId | JobId | None
    code: str
    reason: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class CoverageReport:
    """How much of the estate was understood. What was not is listed, never left out."""

    statements: int
    """Jobs that should have SQL, those that have it and those that lost it, and documents that
    could not be read."""
    understood: int
    """Jobs whose SQL was bound without an error."""
    datasets: int
    with_schema: int
    with_lineage: int
    """Datasets that some job writes, and whose columns have lineage."""
    declared: int
    derived: int
    both: int
    assumed: int
    """Edges by basis."""
    opaque: tuple[Opacity, ...] = ()
    near_misses: tuple[tuple[DatasetId, DatasetId], ...] = field(default=())
    """Datasets whose names differ only in case, quoting or prefix, and were not merged."""
