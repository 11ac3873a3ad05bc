"""Lineage between groups of columns: tables, schemas, namespaces, domains."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lineage.model.answer import Link
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId


def rollup(
    edges: Iterable[Edge], group: Callable[[DatasetId], str], *, within: bool = False
) -> tuple[Link, ...]:
    """Return one link for each pair of groups with lineage between them, in name order.

    Each edge counts once, as DIRECT or INDIRECT. ``within`` keeps lineage inside one group.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    groups: dict[DatasetId, str] = {}

    def of(dataset: DatasetId) -> str:
        if dataset not in groups:
            groups[dataset] = group(dataset)
        return groups[dataset]

    for edge in edges:
        source, target = owner(edge.source), owner(edge.target)
        if source is None or target is None:
            continue
        pair = (of(source), of(target))
        if within or pair[0] != pair[1]:
            counts.setdefault(pair, [0, 0])[0 if edge.direct else 1] += 1
    return tuple(
        Link(source, target, direct, indirect)
        for (source, target), (direct, indirect) in sorted(counts.items())
    )


def owner(end: object) -> DatasetId | None:
    """Return the dataset that an endpoint belongs to; a job belongs to none."""
    if isinstance(end, FieldId):
        return end.dataset
    return end if isinstance(end, DatasetId) else None
