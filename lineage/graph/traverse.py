"""Walks over an index: what is reached, how far, and by which ways."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from lineage.graph.index import MEMBER, Index, Rows, entries
from lineage.model.answer import Direction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WIDE = 2048
"""Nodes at one distance from which NumPy is faster than a loop, its import included."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Nodes reached from some origins, nearest first, the origins left out.

    ``via[n]`` is the node before ``nodes[n]`` on a shortest way.
    """

    nodes: list[int]
    hops: list[int]
    via: list[int]


def reach(  # noqa: PLR0913 - a question and its limits
    index: Index,
    origins: Iterable[int],
    direction: Direction,
    *,
    depth: int | None = None,
    direct: bool = False,
    wide: int = WIDE,
) -> Reach:
    """Return everything within ``depth`` hops of ``origins``; cycles and self edges are fine.

    Starts with plain loops and goes over to arrays once a level is ``wide``. Both give the same
    nodes, hops and order; where several shortest ways exist, the one found first is told.
    """
    rows = index.forward if direction is Direction.DOWNSTREAM else index.backward
    level = list(dict.fromkeys(origins))
    hops = dict.fromkeys(level, 0)
    via: dict[int, int] = {}
    members = index.has_members and not direct
    distance = 0
    while level:
        if len(level) >= wide:
            return _reach_wide(index, rows, (level, hops, via), distance, depth, direct=direct)
        found: Iterable[tuple[int, int]]
        if members:
            found = _level_with_members(rows, level, hops, via, distance)
        else:
            found = _level(rows, level, hops, direct=direct)
        if depth is not None and distance >= depth:
            break
        distance += 1
        level = []
        for node, before in found:
            if node not in hops:
                hops[node] = distance
                via[node] = before
                level.append(node)
    return Reach(list(via), [hops[node] for node in via], list(via.values()))


def _level(
    rows: Rows, level: list[int], hops: dict[int, int], *, direct: bool
) -> Iterator[tuple[int, int]]:
    """Yield (neighbour, node) of a level's nodes, those known before it left out."""
    to = rows.to
    ends = rows.mid if direct else rows.ptr[1:]
    for node in level:
        start, end = rows.ptr[node], ends[node]
        if start != end:
            for neighbour in to[start:end].tolist():
                if neighbour not in hops:
                    yield neighbour, node


def _level_with_members(
    rows: Rows, level: list[int], hops: dict[int, int], via: dict[int, int], distance: int
) -> list[tuple[int, int]]:
    """Return the same as `_level`, after adding to ``level`` what is reached without a hop."""
    found: list[tuple[int, int]] = []
    for node in level:  # grows while it is walked
        for neighbour, edge in entries(rows, node, direct=False):
            if neighbour in hops:
                continue
            if edge == MEMBER:
                hops[neighbour] = distance
                via[neighbour] = node
                level.append(neighbour)
            else:
                found.append((neighbour, node))
    return found


def _reach_wide(  # noqa: PLR0913 - it takes over in the middle of a walk
    index: Index,
    rows: Rows,
    walked: tuple[list[int], dict[int, int], dict[int, int]],
    distance: int,
    depth: int | None,
    *,
    direct: bool,
) -> Reach:
    """Walk on with arrays.

    The arrays are fresh for each question: the operating system hands out zeroed pages only as
    they are touched, so that costs no more than stamping one shared array with epochs, and
    two threads may ask at once.
    """
    import numpy as np  # noqa: PLC0415 - 0.1 s that narrow answers need not wait

    ptr = np.frombuffer(rows.ptr, dtype=np.int32)
    to = np.frombuffer(rows.to, dtype=np.int32)
    edge = np.frombuffer(rows.edge, dtype=np.int32)
    starts, ends = ptr[:-1], (np.frombuffer(rows.mid, dtype=np.int32) if direct else ptr[1:])
    level_, hops, via = walked
    # 0 means not reached yet, so distances are kept one higher.
    stamp = np.zeros(index.nodes, dtype=np.int32)
    before = np.zeros(index.nodes, dtype=np.int32)
    first = np.zeros(index.nodes, dtype=np.int32)
    stamp[list(hops)] = np.fromiter(hops.values(), np.int32, len(hops)) + 1
    chunks = [np.fromiter(via, np.int32, len(via))]
    if via:
        before[chunks[0]] = np.fromiter(via.values(), np.int32, len(via))
    members = index.has_members and not direct

    def take(nodes: NDArray[np.int32], sources: NDArray[np.int32], mark: int) -> NDArray[np.int32]:
        """Keep the first of each new node, remember it, and return those kept."""
        new = stamp[nodes] == 0
        nodes, sources = nodes[new], sources[new]
        places = np.arange(len(nodes), dtype=np.int32)
        first[nodes[::-1]] = places[::-1]
        new = first[nodes] == places
        nodes, sources = nodes[new], sources[new]
        stamp[nodes] = mark
        before[nodes] = sources
        return nodes

    level = np.array(level_, dtype=np.int32)
    while len(level):
        found: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
        same = level
        while len(same):
            sizes = ends[same] - starts[same]
            last = np.cumsum(sizes)
            at = np.repeat(starts[same] - last + sizes, sizes) + np.arange(int(sizes.sum()))
            neighbours, sources = to[at], np.repeat(same, sizes)
            if not members:
                found.append((neighbours, sources))
                break
            inside = edge[at] == MEMBER
            found.append((neighbours[~inside], sources[~inside]))
            same = take(neighbours[inside], sources[inside], distance + 1)
            chunks.append(same)
        if depth is not None and distance >= depth:
            break
        distance += 1
        level = take(
            np.concatenate([nodes for nodes, _ in found]),
            np.concatenate([sources for _, sources in found]),
            distance + 1,
        )
        chunks.append(level)
    nodes = np.concatenate(chunks)
    return Reach(nodes.tolist(), (stamp[nodes] - 1).tolist(), before[nodes].tolist())


def between(index: Index, nodes: Iterable[int], direction: Direction, *, direct: bool) -> set[int]:
    """Return the numbers of the edges that leave ``nodes`` in a direction."""
    rows = index.forward if direction is Direction.DOWNSTREAM else index.backward
    ends = rows.mid if direct else rows.ptr[1:]
    found: set[int] = set()
    for node in nodes:
        found.update(rows.edge[rows.ptr[node] : ends[node]])
    found.discard(MEMBER)
    return found


def paths(  # noqa: PLR0913 - a question and its limits
    index: Index,
    origins: Iterable[int],
    goals: Iterable[int],
    *,
    limit: int,
    direct: bool = False,
    effort: int = 100_000,
) -> list[list[int]]:
    """Return up to ``limit`` ways from any of ``origins`` to any of ``goals``, shortest first.

    No way passes a node twice, a second origin, or a goal before its last. Best-first over partial
    ways, the remaining distance being known exactly from a walk back from the goals, so only what
    can arrive is ever tried. ``effort`` bounds the partial ways: an estate may hold more ways than
    can be counted.
    """
    starts, ends = set(origins), set(goals)
    left = reach(index, ends, Direction.UPSTREAM, direct=direct)
    remaining = dict(zip(left.nodes, left.hops, strict=True)) | dict.fromkeys(ends, 0)
    # (length if all goes well, nodes)
    waiting = sorted((remaining[node], [node]) for node in starts - ends if node in remaining)
    found: list[list[int]] = []
    while waiting and len(found) < limit and effort > 0:
        effort -= 1
        _, way = heapq.heappop(waiting)
        if way[-1] in ends:
            found.append(way)
            continue
        known: set[int] = set()
        for node, _ in entries(index.forward, way[-1], direct=direct):
            if node in remaining and node not in known and node not in starts and node not in way:
                known.add(node)
                longer = [*way, node]
                hops = _length(index, longer) + remaining[node]
                heapq.heappush(waiting, (hops, longer))
    return found


def _length(index: Index, way: list[int]) -> int:
    """Return the hops of a way: steps to or from its columns' own datasets are none."""
    if not index.has_members:
        return len(way) - 1
    return sum(not _membership(index, one, other) for one, other in pairwise(way))


def _membership(index: Index, one: int, other: int) -> bool:
    if one < index.fields and other < index.fields:
        return False
    every, any_ = index.whole(index.dataset_of(max(one, other)))
    return index.dataset_of(one) == index.dataset_of(other) and (one == every or other == any_)


def step_edges(index: Index, source: int, target: int) -> list[int]:
    """Return the numbers of the edges between two nodes, or between what stands for them."""
    rows = index.forward
    sources = {source, index.whole(index.dataset_of(source))[1]}
    targets = {target, index.whole(index.dataset_of(target))[0]}
    return sorted(
        {
            edge
            for node in sources
            for neighbour, edge in entries(rows, node, direct=False)
            if neighbour in targets and edge != MEMBER
        }
    )
