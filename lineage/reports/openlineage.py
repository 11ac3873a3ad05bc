"""OpenLineage events, one a line: what came in, merged and completed, for any other back end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lineage.model.edge import Basis, Edge
from lineage.model.event import Dataset, Job, dataset_event, facets, job_event
from lineage.model.facet import (
    ColumnLineageFacet,
    DocumentationFacet,
    Identifier,
    InputField,
    LineageStep,
    OutputField,
    Owner,
    OwnershipFacet,
    SchemaFacet,
    SchemaField,
    SqlFacet,
    SymlinksFacet,
)
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.wire import encode
from lineage.reports import Material, Report


def write(material: Material) -> Iterator[str]:
    """Yield a JobEvent a job, then a DatasetEvent for each dataset that no job writes.

    The lineage of edges without a job rides on the dataset it leads to.
    """
    by_job: dict[JobId | None, list[Edge]] = {}
    for edge in material.edges:
        if edge.basis is not Basis.ASSUMED:  # whoever receives the job can assume as much
            by_job.setdefault(edge.job, []).append(edge)
    written: set[DatasetId] = set()
    for id_, job in material.snapshot.jobs.items():
        edges = by_job.pop(id_, [])
        inputs = {*job.inputs, *_datasets(edge.source for edge in edges)}
        outputs = {*job.outputs, *_datasets(edge.target for edge in edges)}
        written |= outputs
        event = job_event(
            Job(
                id_.namespace,
                id_.name,
                facets(
                    SqlFacet(job.sql, job.dialect) if job.sql is not None else None,
                    DocumentationFacet(job.description) if job.description else None,
                    _owners(job.owners),
                ),
            ),
            inputs=[_dataset(material, dataset, ()) for dataset in sorted(inputs)],
            outputs=[_dataset(material, dataset, edges) for dataset in sorted(outputs)],
        )
        yield encode(event).decode() + "\n"
    rest = [edge for edges in by_job.values() for edge in edges]
    fed = set(_datasets(edge.target for edge in rest))
    for dataset in sorted((set(material.snapshot.datasets) - written) | fed):
        yield encode(dataset_event(_dataset(material, dataset, rest))).decode() + "\n"


def _datasets(ends: Iterable[object]) -> Iterator[DatasetId]:
    for end in ends:
        if isinstance(end, FieldId):
            yield end.dataset
        elif isinstance(end, DatasetId):
            yield end


def _owners(names: Iterable[str]) -> OwnershipFacet | None:
    owners = tuple(Owner(name) for name in names)
    return OwnershipFacet(owners) if owners else None


def _symlinks(names: Iterable[DatasetId]) -> SymlinksFacet | None:
    found = tuple(Identifier(name.namespace, name.name) for name in names)
    return SymlinksFacet(found) if found else None


def _dataset(material: Material, id_: DatasetId, edges: Iterable[Edge]) -> Dataset:
    known = material.snapshot.datasets.get(id_)
    fields = known.fields if known else None
    return Dataset(
        id_.namespace,
        id_.name,
        facets(
            None
            if fields is None
            else SchemaFacet(
                tuple(SchemaField(field.name, field.type, field.description) for field in fields)
            ),
            _lineage(id_, edges),
            _symlinks(known.aliases if known else ()),
            DocumentationFacet(known.description) if known and known.description else None,
            _owners(known.owners if known else ()),
        ),
    )


def _lineage(id_: DatasetId, edges: Iterable[Edge]) -> ColumnLineageFacet | None:
    columns: dict[str, list[InputField]] = {}
    whole: list[InputField] = []
    for edge in edges:
        source = edge.source
        if isinstance(source, FieldId):
            steps = tuple(
                LineageStep(step.type, step.subtype, step.description or None, step.masking)
                for step in sorted(edge.transformations, key=repr)
            )
            given = InputField(source.dataset.namespace, source.dataset.name, source.name, steps)
            if isinstance(edge.target, FieldId) and edge.target.dataset == id_:
                columns.setdefault(edge.target.name, []).append(given)
            elif edge.target == id_:
                whole.append(given)
    if not columns and not whole:
        return None
    return ColumnLineageFacet(
        {name: OutputField(tuple(inputs)) for name, inputs in columns.items()},
        tuple(whole) or None,
    )


REPORT = Report(purpose="OpenLineage events, one a line", write=write)
