"""One edge to a whole dataset instead of one to each of its columns, and back.

Before columnLineage 1-2-0 had a place for what influences all columns, a filter say, producers
repeated it under every column, and many still do. Folded it is a fifth of the edges. Its evidence
then points to the facet's `fields`: that is how it is known from an edge that was declared for the
whole dataset, whose evidence points to `dataset`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lineage.catalog.flow import Claim, Steps
from lineage.model.edge import Edge
from lineage.model.entities import Dataset
from lineage.model.identity import DatasetId, FieldId
from lineage.model.transformation import TransformationType

FOLDED = "/fields"


def repeated(columns: Mapping[str, Iterable[Claim]], known: Iterable[str] | None) -> set[Claim]:
    """Return the INDIRECT claims that stand under every column that the dataset has.

    Nothing is folded unless the columns are known and each of them is listed: otherwise unfolding
    could not give back what was declared.
    """
    if len(columns) < 2 or known is None or set(columns) != set(known):  # noqa: PLR2004 (repeated)
        return set()
    every = [
        {claim for claim in claims if claim[1] and _indirect(claim[1])}
        for claims in columns.values()
    ]
    return set.intersection(*every)


def is_folded(edge: Edge) -> bool:
    """Return whether the edge stands for one to each column of its target."""
    return isinstance(edge.target, DatasetId) and any(
        place.pointer.endswith(FOLDED) for place in edge.evidence
    )


def unfold(edges: Iterable[Edge], datasets: Mapping[DatasetId, Dataset]) -> Iterator[Edge]:
    """Yield the edges as they were declared, a folded one once for each column."""
    for edge in edges:
        target = edge.target
        dataset = datasets.get(target) if isinstance(target, DatasetId) else None
        if dataset is None or dataset.fields is None or not is_folded(edge):
            yield edge
            continue
        for column in dataset.fields:
            yield replace(edge, target=FieldId(dataset.id, column.name))


def _indirect(steps: Steps) -> bool:
    return all(step.type is TransformationType.INDIRECT for step in steps)
