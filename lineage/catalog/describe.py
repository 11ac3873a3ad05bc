"""Facets in the words of the model: what a dataset, a job or a run is."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from msgspec import structs

from lineage.catalog.gather import ENDS, UNKNOWN_TIME, Running, Words
from lineage.catalog.identity import Names, scheme
from lineage.model.diagnostic import Location
from lineage.model.entities import Dataset, DatasetKind, Field, Job, JobKind, Run
from lineage.model.facet import (
    DatasetTypeFacet,
    DocumentationFacet,
    ErrorMessageFacet,
    JobTypeFacet,
    OriginFacet,
    OwnershipFacet,
    ParentFacet,
    SchemaFacet,
    SchemaField,
    SqlFacet,
    Tag,
    TagsFacet,
)
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.places import Anchor, Place, SourceMap

_BY_TYPE = {
    "STREAM": DatasetKind.TOPIC,
    "FEATURE_VIEW": DatasetKind.FEATURE,
} | {kind.name: kind for kind in DatasetKind}
_BY_SCHEME = {
    "kafka": DatasetKind.TOPIC,
    "pubsub": DatasetKind.TOPIC,
    "file": DatasetKind.FILE,
    "s3": DatasetKind.FILE,
    "gs": DatasetKind.FILE,
    "hdfs": DatasetKind.FILE,
    "abfss": DatasetKind.FILE,
    "wasbs": DatasetKind.FILE,
    "dbfs": DatasetKind.FILE,
}
_DBT_JOBS = {
    "MODEL": JobKind.MODEL,
    "SNAPSHOT": JobKind.MODEL,
    "SEED": JobKind.MODEL,
    "TEST": JobKind.TEST,
}
_STRUCTURES = frozenset({"", "object", "record", "row", "struct"})
_ARRAYS = frozenset({"array", "list", "repeated"})

T = TypeVar("T", bound=StrEnum)


def dataset(name: DatasetId, words: Words, aliases: tuple[DatasetId, ...] = ()) -> Dataset:
    """Return the dataset that its facets describe."""
    origin = words.facet(OriginFacet)
    ownership = words.facet(OwnershipFacet)
    documentation = words.facet(DocumentationFacet)
    labels = words.facet(TagsFacet)
    tags = (labels.tags if labels else None) or ()
    return Dataset(
        id=name,
        fields=_fields(words.facet(SchemaFacet), tags),
        description=documentation.description if documentation else None,
        kind=_dataset_kind(name, words),
        owners=_owners(ownership, origin),
        tags=frozenset(tag.text for tag in tags if not tag.field),
        domain=origin.domain if origin else None,
        origin=_location(origin),
        aliases=aliases,
    )


def job(name: JobId, words: Words, names: Names) -> Job:
    """Return the job that its facets describe, without inputs and outputs."""
    origin = words.facet(OriginFacet)
    sql = words.facet(SqlFacet)
    documentation = words.facet(DocumentationFacet)
    labels = words.facet(TagsFacet)
    used = (origin.fields if origin else None) or ()
    return Job(
        id=name,
        sql=(sql.query or None) if sql else None,
        dialect=(sql.dialect or None) if sql else None,
        kind=_job_kind(words),
        description=documentation.description if documentation else None,
        owners=_owners(words.facet(OwnershipFacet), origin),
        tags=frozenset(tag.text for tag in (labels.tags if labels else None) or ()),
        domain=origin.domain if origin else None,
        origin=_location(origin),
        places=_places(origin),
        database=origin.database if origin else None,
        schema=origin.schema if origin else None,
        fields=tuple(
            FieldId(names.of(DatasetId(use.namespace, use.name)), use.field) for use in used
        ),
        exact=origin.exact if origin else False,
        promised=_promised(words),
        later=origin.later if origin else None,
        later_places=_later_places(origin),
        note=origin.note if origin else None,
    )


def _promised(words: Words) -> tuple[tuple[str, str | None], ...]:
    origin = words.facet(OriginFacet)
    if origin is None or _job_kind(words) is not JobKind.CONTRACT:
        return ()
    return tuple((use.field, use.type) for use in origin.fields or ())


def relation_kind(words: Words) -> DatasetKind | None:
    """Return what the job's outputs are, if it says so."""
    origin = words.facet(OriginFacet)
    return _enumerated(DatasetKind, origin.relation_kind if origin else None)


def run(name: str, running: Running) -> Run:
    """Return the latest known state of a run."""
    parent = running.words.facet(ParentFacet)
    failure = running.words.facet(ErrorMessageFacet)
    (at, _), state = running.state
    return Run(
        id=name,
        job=running.job[1],
        state=state,
        at=at.astimezone(UNKNOWN_TIME.tzinfo),
        started=running.started,
        ended=running.ended if state in ENDS else None,
        message=failure.message if failure else None,
        parent=JobId(parent.job.namespace, parent.job.name) if parent and parent.job else None,
    )


def _fields(schema: SchemaFacet | None, tags: Iterable[Tag]) -> tuple[Field, ...] | None:
    """Return the columns; of two with one name the first counts."""
    if schema is None or not schema.fields:
        return None
    labels: dict[str, set[str]] = {}
    for tag in tags:
        if tag.field:
            labels.setdefault(tag.field, set()).add(tag.text)
    found: dict[str, Field] = {}
    for column in schema.fields:
        found.setdefault(
            column.name,
            Field(
                column.name,
                _type(column),
                column.description,
                frozenset(labels.get(column.name, ())),
                column.nullable,
            ),
        )
    return tuple(found.values())


def _type(column: SchemaField) -> str | None:
    """Return the type, spelled out where the event keeps the structure apart from it."""
    if not column.fields:
        return column.type
    bare = (column.type or "").lower()
    inner = ", ".join(f"{part.name} {_type(part) or 'UNKNOWN'}" for part in column.fields)
    if bare in _STRUCTURES:
        return f"STRUCT<{inner}>"
    return f"ARRAY<STRUCT<{inner}>>" if bare in _ARRAYS else column.type


def _dataset_kind(name: DatasetId, words: Words) -> DatasetKind:
    origin = words.facet(OriginFacet)
    told = _enumerated(DatasetKind, origin.relation_kind if origin else None)
    facet = words.facet(DatasetTypeFacet)
    typed = _BY_TYPE.get((facet.dataset_type or "").upper()) if facet else None
    stored = _BY_SCHEME.get(scheme(name.namespace), DatasetKind.UNKNOWN)
    return told or typed or stored


def _job_kind(words: Words) -> JobKind:
    origin = words.facet(OriginFacet)
    told = _enumerated(JobKind, origin.kind if origin else None)
    facet = words.facet(JobTypeFacet)
    if told or facet is None or (facet.integration or "").upper() != "DBT":
        return told or JobKind.JOB
    return _DBT_JOBS.get((facet.job_type or "").upper(), JobKind.JOB)


def _enumerated(kind: type[T], text: str | None) -> T | None:
    try:
        return kind(text) if text else None
    except ValueError:
        return None


def _owners(ownership: OwnershipFacet | None, origin: OriginFacet | None) -> tuple[str, ...]:
    """Return the owners' names; one that a producer has blanked out (`***`) is nobody's."""
    told = [owner.name for owner in (ownership.owners if ownership else None) or ()]
    more = (origin.owners if origin else None) or ()
    return tuple(dict.fromkeys(name for name in (*told, *more) if name.strip("* ")))


def _location(origin: OriginFacet | None) -> Location | None:
    if origin is None or not origin.document:
        return None
    return Location(origin.document, origin.line, origin.column)


def _later_places(origin: OriginFacet | None) -> SourceMap | None:
    if origin is None:
        return None
    return _places(structs.replace(origin, places=origin.later_places, inlined=None))


def _places(origin: OriginFacet | None) -> SourceMap | None:
    if origin is None or not origin.places:
        return None
    documents = dict(origin.inlined or ())
    return SourceMap(
        tuple(
            Anchor(line, column, Place(to_line, to_column, exact, documents.get(number, "")))
            for number, (line, column, to_line, to_column, exact) in enumerate(origin.places)
        )
    )
