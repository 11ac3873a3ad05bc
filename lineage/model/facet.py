"""The facets of OpenLineage that mean something here, and one of our own."""

from __future__ import annotations

from typing import (
    ClassVar,
)

import msgspec

from lineage.model.event import Facet, Number

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
