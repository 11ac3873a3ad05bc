"""Cones and paths: what flows where, told in identities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from lineage.graph.index import Index
from lineage.graph.traverse import between, paths, reach, step_edges
from lineage.model.answer import Cone, Consumer, Direction, Path, Reached, Step
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId

WHOLE = "*"
"""The column that stands for a dataset whose columns nobody has told."""


def cone(  # noqa: PLR0913 - a question and its limits
    index: Index,
    origin: FieldId | DatasetId,
    direction: Direction,
    *,
    depth: int | None = None,
    direct: bool = False,
    edges: Sequence[Edge] | None = (),
) -> Cone:
    """Return everything in one direction, nearest first, then by name.

    ``edges`` are those that the index was built from, so that the cone's edges carry evidence;
    ``None`` takes them from the index, without; empty leaves them out. An origin that the index
    does not know has an empty cone.
    """
    origins = nodes_of(index, origin)
    found = reach(index, origins, direction, depth=depth, direct=direct)
    carried = (
        frozenset(found.nodes)
        if direct
        else frozenset(reach(index, origins, direction, depth=depth, direct=True).nodes)
    )
    before = dict(zip(found.nodes, found.via, strict=True))
    reached: dict[FieldId, Reached] = {}
    for node, hops in sorted(zip(found.nodes, found.hops, strict=True), key=lambda row: row[::-1]):
        field = _column(index, node)
        if field is not None and field not in reached:
            via = _before(index, node, before)
            reached[field] = Reached(field, hops, node in carried, via)
    walked = (node for node in _walked(found.nodes, found.hops, origins, depth))
    kept = _cone_edges(index, walked, direction, edges, direct=direct)
    read = {*origins, *found.nodes} if direction is Direction.DOWNSTREAM else set()
    consumers = tuple(Consumer(job, kind) for job, kind in index.consumers(read))
    return Cone(origin, direction, tuple(reached.values()), kept, consumers, depth, direct)


def _walked(
    nodes: list[int], hops: list[int], origins: list[int], depth: int | None
) -> Iterator[int]:
    yield from origins if depth != 0 else ()
    for node, distance in zip(nodes, hops, strict=True):
        if depth is None or distance < depth:
            yield node


def _cone_edges(
    index: Index,
    nodes: Iterable[int],
    direction: Direction,
    edges: Sequence[Edge] | None,
    *,
    direct: bool,
) -> tuple[Edge, ...]:
    if edges is not None and not edges:
        return ()
    numbers = sorted(between(index, nodes, direction, direct=direct))
    if edges is None:
        return tuple(map(index.edge, numbers))
    return tuple(edges[number] for number in numbers)


def nodes_of(index: Index, origin: FieldId | DatasetId) -> list[int]:
    """Return the nodes to start from: for a dataset, all of its columns and itself."""
    if isinstance(origin, FieldId):
        node = index.find(origin)
        return [] if node is None else [node]
    number = index.find_dataset(origin)
    return [] if number is None else [*index.columns(number), *index.whole(number)]


def _column(index: Index, node: int) -> FieldId | None:
    """Return the column to report for a node: a dataset's own only where it has no columns."""
    if node < index.fields:
        return index.field(node)
    dataset = index.dataset_of(node)
    if index.columns(dataset):
        return None
    return FieldId(index.dataset(dataset), WHOLE)


def _before(index: Index, node: int, before: dict[int, int]) -> FieldId | DatasetId:
    """Return the step before a node, past the nodes that only stand for others."""
    at = before[node]
    while at >= index.fields and at in before:
        own = _column(index, at)
        if own is not None:
            return own
        at = before[at]
    return index.endpoint(at)


def ways(  # noqa: PLR0913 - a question and its limits
    index: Index,
    a: FieldId | DatasetId,
    b: FieldId | DatasetId,
    *,
    limit: int,
    direct: bool = False,
    edges: Sequence[Edge] | None = None,
) -> tuple[Path, ...]:
    """Return ways from ``a`` to ``b``, shortest first. A dataset means any of its columns."""
    found: dict[tuple[FieldId | DatasetId, ...], Path] = {}
    for way in paths(index, nodes_of(index, a), nodes_of(index, b), limit=limit, direct=direct):
        steps = tuple(_steps(index, way, edges))
        if steps:
            path = Path(steps)
            found.setdefault(path.columns, path)
    return tuple(found.values())


def _steps(index: Index, way: list[int], edges: Sequence[Edge] | None) -> Iterator[Step]:
    """Yield the hops of a way between columns; what only stands for columns is passed over."""
    last = len(way) - 1
    own: list[int] = []
    for place, node in enumerate(way):
        if node >= index.fields and 0 < place < last and _column(index, node) is None:
            continue
        if own and index.endpoint(own[-1]) == index.endpoint(node):
            continue  # the two nodes of one dataset
        own.append(node)
    for source, target in pairwise(own):
        numbers = step_edges(index, source, target)
        made = tuple(index.edge(n) if edges is None else edges[n] for n in numbers)
        yield Step(index.endpoint(source), index.endpoint(target), made)
