"""What a lineage facet says, in one form for all of them: which source feeds which column."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from lineage.model.facet import (
    ColumnLineageFacet,
    InputField,
    LineageDatasetFacet,
    LineageEntry,
    LineageInput,
    LineageStep,
    OutputField,
)
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId
from lineage.model.transformation import (
    Transformation,
    TransformationSubtype,
    TransformationType,
)

Steps: TypeAlias = frozenset[Transformation]
"""What happens on the way, all of one type; empty when nobody says."""
Claim: TypeAlias = tuple[Endpoint, Steps]

_INDIRECT = frozenset(
    {
        TransformationSubtype.JOIN,
        TransformationSubtype.GROUP_BY,
        TransformationSubtype.FILTER,
        TransformationSubtype.SORT,
        TransformationSubtype.WINDOW,
        TransformationSubtype.CONDITIONAL,
    }
)


@dataclass(frozen=True, slots=True)
class Flow:
    """What flows into one target. The pointers say where in the facet it is written."""

    columns: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    whole: tuple[Claim, ...] = ()
    columns_pointer: str = "/fields"
    whole_pointer: str = "/dataset"

    def renamed(self, name: Callable[[Endpoint], Endpoint]) -> Flow:
        """Return the same with other names for the sources."""
        return Flow(
            {
                column: tuple((name(source), steps) for source, steps in claims)
                for column, claims in self.columns.items()
            },
            tuple((name(source), steps) for source, steps in self.whole),
            self.columns_pointer,
            self.whole_pointer,
        )

    def sources(self) -> Iterator[DatasetId]:
        """Yield the datasets that something flows from."""
        for claims in (*self.columns.values(), self.whole):
            for source, _ in claims:
                if isinstance(source, FieldId):
                    yield source.dataset
                elif isinstance(source, DatasetId):
                    yield source


def of_column_lineage(facet: ColumnLineageFacet) -> Flow:
    """Return what a columnLineage facet says about the dataset that it is on."""
    return Flow(
        {
            column: tuple(
                claim for source in output.input_fields for claim in _claims(source, output)
            )
            for column, output in facet.fields.items()
        },
        tuple(claim for source in facet.dataset or () for claim in _claims(source, None)),
    )


def of_lineage(facet: LineageDatasetFacet | LineageEntry, job: JobId) -> Flow:
    """Return what a lineage facet, or an entry of one, says about its target."""
    return Flow(
        {
            column: tuple(_inputs(output.inputs, job))
            for column, output in (facet.fields or {}).items()
        },
        tuple(_inputs(facet.inputs or (), job)),
        "/fields",
        "/inputs",
    )


def _claims(source: InputField, output: OutputField | None) -> Iterator[Claim]:
    dataset = DatasetId(source.namespace, source.name)
    endpoint = FieldId(dataset, source.field) if source.field else dataset
    written = source.transformations or ()
    if output is not None and not written and output.transformation_type:
        written = (_deprecated(output),)
    for steps in _by_type(written):
        yield endpoint, steps


def _inputs(sources: Iterable[LineageInput], job: JobId) -> Iterator[Claim]:
    for source in sources:
        endpoint: Endpoint
        if source.type.upper() == "JOB":
            named = source.namespace is not None and source.name is not None
            endpoint = JobId(source.namespace or "", source.name or "") if named else job
        elif source.namespace is None or source.name is None:
            continue
        else:
            dataset = DatasetId(source.namespace, source.name)
            endpoint = FieldId(dataset, source.field) if source.field else dataset
        for steps in _by_type(source.transformations or ()):
            yield endpoint, steps


def _deprecated(output: OutputField) -> LineageStep:
    """Read `transformationType`: IDENTITY, or MASKED, which was no type of its own later on."""
    text = (output.transformation_type or "").upper()
    subtype = TransformationSubtype.TRANSFORMATION if text == "MASKED" else text
    masking = True if text == "MASKED" else None
    return LineageStep(
        TransformationType.DIRECT, subtype, output.transformation_description, masking
    )


def _by_type(written: Iterable[LineageStep]) -> list[Steps]:
    """Part the steps into those that carry the value and those that only influence it.

    One source can do both. A step whose type is missing or unknown is judged by its subtype.
    """
    kinds: dict[TransformationType, set[Transformation]] = {}
    for step in written:
        subtype = (step.subtype or "").upper()
        text = step.type.upper()
        if not text and not subtype:
            continue
        if text in TransformationType.__members__:
            kind = TransformationType(text)
        else:
            subtype = subtype or text
            indirect = subtype in _INDIRECT
            kind = TransformationType.INDIRECT if indirect else TransformationType.DIRECT
        found = Transformation(kind, subtype, step.description or "", step.masking)
        kinds.setdefault(kind, set()).add(found)
    return [frozenset(kinds[kind]) for kind in sorted(kinds)] or [frozenset()]
