"""Edges between ``*`` columns, expanded as far as names are known.

A statement that copies a table nobody described yields the edge ``t.* → u.*``: each column of one
becomes the column of that name in the other. What the names are may be known of either side, be
learned from other edges, or arrive through a chain of such copies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId

STAR = "*"


def expand(
    edges: Iterable[tuple[int, Edge]],
    schemas: Mapping[DatasetId, AbstractSet[str]],
    mentioned: Mapping[DatasetId, AbstractSet[str]],
) -> list[tuple[FieldId, FieldId, int]]:
    """Return (source, target, number) for each column that the numbered star edges carry.

    A known schema is exact and lets no other name in; an unknown one takes every name that
    reaches it. Cycles of copies end, since no name is made up on the way.
    """
    stars = [
        (edge.source.dataset, edge.target.dataset, number)
        for number, edge in edges
        if isinstance(edge.source, FieldId) and isinstance(edge.target, FieldId)
    ]
    names: dict[DatasetId, set[str]] = {}
    around: dict[DatasetId, set[DatasetId]] = {}
    for source, target, _ in stars:
        for one, other in ((source, target), (target, source)):
            names.setdefault(one, set(schemas.get(one, mentioned.get(one, ()))) - {STAR})
            around.setdefault(one, set()).add(other)
    waiting = sorted(names)
    while waiting:
        one = waiting.pop()
        for other in sorted(around[one]):
            if other not in schemas and not names[one] <= names[other]:
                names[other] |= names[one]
                waiting.append(other)
    return [
        (FieldId(source, name), FieldId(target, name), number)
        for source, target, number in stars
        for name in sorted(names[source] & names[target])
    ]
