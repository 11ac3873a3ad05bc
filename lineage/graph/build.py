"""Turns a snapshot into the bytes of an index."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final, TypeAlias, TypeGuard

from lineage.graph.index import BOUNDARIES, MEMBER, Index, backwards
from lineage.graph.layout import Section, pack
from lineage.graph.star import STAR, expand
from lineage.model.edge import Edge
from lineage.model.entities import CONSUMERS
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId
from lineage.model.snapshot import Snapshot

WIDE: Final = 200_000
"""Entries from which sorting with NumPy pays for importing it."""
NOWHERE: Final = -1
"""The node of an endpoint that is no column and no dataset."""
Entry: TypeAlias = tuple[int, int, int, int]
"""Source, target, edge, and 0 for DIRECT or 1 for INDIRECT."""


def build(snapshot: Snapshot, *, meta: Mapping[str, object] | None = None) -> Index:
    """Return an index over a snapshot, in memory. Edge numbers are places in ``snapshot.edges``.

    ``meta`` is remembered in the index and is the builder's own business. Edges that start or
    end at a job have no column to stand on: they stay in the snapshot.
    """
    return Index(encode(snapshot, meta=meta))


def encode(
    snapshot: Snapshot, *, meta: Mapping[str, object] | None = None, wide: int = WIDE
) -> bytes:
    """Return the bytes of an index over a snapshot: equal snapshots give equal bytes."""
    expanded, names = _names(snapshot)
    nodes = Nodes(names)
    jobs = sorted({edge.job for edge in snapshot.edges if edge.job} | set(snapshot.jobs))
    job_number = {job: place for place, job in enumerate(jobs)}
    kinds = Kinds()
    starts, ends = array("i"), array("i")
    edge_kind, edge_job = array("i"), array("i")
    adjacency: list[Entry] = []
    fields = nodes.fields
    for number, edge in enumerate(snapshot.edges):
        source, target = nodes.source(edge.source), nodes.target(edge.target)
        kind, direct = kinds.of(edge)
        starts.append(source)
        ends.append(target)
        edge_kind.append(kind)
        edge_job.append(-1 if edge.job is None else job_number[edge.job])
        if NOWHERE in (source, target):
            continue
        # Only columns carry a value: what holds for a dataset as a whole is an influence.
        direct = direct and source < fields and target < fields
        adjacency.append((source, target, number, 0 if direct else 1))
        adjacency.extend(_of_all(nodes, number, edge, source, target))
    for one, other, number in expanded:
        indirect = int(not snapshot.edges[number].direct)
        adjacency.append((nodes.source(one), nodes.target(other), number, indirect))
    members = _members(nodes, adjacency)
    adjacency.extend(members)

    sort = _sorted_wide if len(adjacency) >= wide else _sorted
    sections: dict[str, Section] = {}
    sections["fp"], sections["fm"], sections["ft"], sections["fe"] = sort(adjacency, nodes.count)
    flipped = [(target, source, number, kind) for source, target, number, kind in adjacency]
    sections["bp"], sections["bm"], sections["bt"], sections["be"] = sort(flipped, nodes.count)
    sections |= {"es": starts, "ed": ends, "ek": edge_kind, "ej": edge_job}
    sections |= nodes.sections()
    sections["jb"], sections["jo"] = _strings(
        part for job in jobs for part in (job.namespace, job.name)
    )
    sections["kb"], sections["ko"] = _strings(kinds.texts)
    sections |= _consumers(nodes, snapshot, job_number)
    dotted = any(mark in name for names_ in nodes.names for name in names_ for mark in BOUNDARIES)
    return pack(sections, {"members": len(members), "dotted": dotted, **(meta or {})})


def _names(
    snapshot: Snapshot,
) -> tuple[list[tuple[FieldId, FieldId, int]], dict[DatasetId, set[str]]]:
    """Return what star edges carry, and the columns of each dataset, known or mentioned."""
    schemas: dict[DatasetId, set[str]] = {}
    names: dict[DatasetId, set[str]] = {}
    for id_, dataset in snapshot.datasets.items():
        names[id_] = {field.name for field in dataset.fields or ()}
        if dataset.fields is not None:
            schemas[id_] = names[id_].copy()
    stars: list[tuple[int, Edge]] = []
    for number, edge in enumerate(snapshot.edges):
        for end in (edge.source, edge.target):
            if isinstance(end, FieldId):
                names.setdefault(end.dataset, set()).add(end.name)
            elif isinstance(end, DatasetId):
                names.setdefault(end, set())
        if _star(edge.source) and _star(edge.target):
            stars.append((number, edge))
    expanded = expand(stars, schemas, names)
    for source, target, _ in expanded:
        names[source.dataset].add(source.name)
        names[target.dataset].add(target.name)
    return expanded, names


class Nodes:
    """Numbers for columns and datasets, in the order that `Index` expects."""

    def __init__(self, names: Mapping[DatasetId, Iterable[str]]) -> None:
        self.datasets = sorted(names)
        self.names = [sorted(names[id_]) for id_ in self.datasets]
        self.first = list(accumulate(map(len, self.names), initial=0))
        self.fields = self.first[-1]
        self.count = self.fields + 2 * len(self.datasets)
        self.place = {id_: place for place, id_ in enumerate(self.datasets)}
        self._node = {
            id_: dict(zip(names_, range(start, start + len(names_)), strict=True))
            for id_, names_, start in zip(self.datasets, self.names, self.first, strict=False)
        }

    def knows(self, end: FieldId | DatasetId) -> bool:
        """Return whether there is a node for it."""
        if isinstance(end, FieldId):
            return end.name in self._node.get(end.dataset, ())
        return end in self.place

    def every(self, dataset: DatasetId) -> int:
        """Return the node that stands for every column of a dataset."""
        return self.fields + 2 * self.place[dataset]

    def any(self, dataset: DatasetId) -> int:
        """Return the node that stands for any column of a dataset."""
        return self.fields + 2 * self.place[dataset] + 1

    def source(self, end: Endpoint) -> int:
        """Return the node that an edge starts from; a job has none."""
        if isinstance(end, FieldId):
            return self._node[end.dataset][end.name]
        return self.any(end) if isinstance(end, DatasetId) else NOWHERE

    def target(self, end: Endpoint) -> int:
        """Return the node that an edge ends at; a job has none."""
        return self.every(end) if isinstance(end, DatasetId) else self.source(end)

    def sections(self) -> dict[str, Section]:
        """Return what names need."""
        namespaces = sorted({id_.namespace for id_ in self.datasets})
        place = {namespace: number for number, namespace in enumerate(namespaces)}
        dataset_texts = [f"{id_.namespace}/{id_.name}" for id_ in self.datasets]
        field_texts = [
            f"{text}.{name}"
            for text, names in zip(dataset_texts, self.names, strict=True)
            for name in names
        ]
        sections: dict[str, Section] = {}
        sections["nb"], sections["no"] = _strings(namespaces)
        sections["dn"] = array("i", (place[id_.namespace] for id_ in self.datasets))
        sections["db"], sections["do"] = _strings(id_.name for id_ in self.datasets)
        sections["df"] = array("i", self.first)
        sections["fb"], sections["fo"] = _strings(name for names in self.names for name in names)
        sections["fs"] = _by_suffix(field_texts)
        sections["ds"] = _by_suffix(dataset_texts)
        return sections


def _of_all(nodes: Nodes, number: int, edge: Edge, source: int, target: int) -> Iterator[Entry]:
    """Yield what an edge adds that is made of `*`, or makes it: of, or for, any column there is."""
    if _star(edge.source) and not _star(edge.target):
        yield nodes.any(edge.source.dataset), target, number, 1
    elif _star(edge.target) and not _star(edge.source):
        yield source, nodes.every(edge.target.dataset), number, 1


class Kinds:
    """What many edges share, kept once, as JSON."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self._known: dict[tuple[object, ...], tuple[int, bool]] = {}

    def of(self, edge: Edge) -> tuple[int, bool]:
        """Return the number of an edge's kind, and whether it is DIRECT."""
        key = (edge.basis, edge.verified, edge.transformations)
        known = self._known.get(key)
        if known is None:
            text = _kind(edge)
            known = self._known[key] = (
                self.texts.setdefault(text, len(self.texts)),
                edge.direct,
            )
        return known


def _consumers(
    nodes: Nodes, snapshot: Snapshot, job_number: Mapping[JobId, int]
) -> dict[str, Section]:
    """Return who reads what and writes nothing: a column, or any column of a dataset."""
    found = sorted(
        {
            (nodes.source(end), job_number[id_], job.kind.value)
            for id_, job in snapshot.jobs.items()
            if job.kind in CONSUMERS
            for end in job.fields or job.inputs
            if nodes.knows(end)
        }
    )
    kinds, offsets = _strings(kind for _, _, kind in found)
    reads = array("i", (node for node, _, _ in found))
    jobs = array("i", (job for _, job, _ in found))
    return {"cn": reads, "cj": jobs, "ck": kinds, "cko": offsets}


def _members(nodes: Nodes, adjacency: Iterable[Entry]) -> list[Entry]:
    """Return the entries between columns and the nodes that stand for all of them, where used."""
    used = {end for entry in adjacency for end in entry[:2] if end >= nodes.fields}
    members: list[Entry] = []
    for place, id_ in enumerate(nodes.datasets):
        every, any_ = nodes.every(id_), nodes.any(id_)
        columns = range(nodes.first[place], nodes.first[place + 1])
        if every in used:
            members.extend((every, column, MEMBER, 1) for column in columns)
        if any_ in used:
            members.extend((column, any_, MEMBER, 1) for column in columns)
        if every in used and any_ in used:
            members.append((every, any_, MEMBER, 1))
    return members


def _star(end: Endpoint) -> TypeGuard[FieldId]:
    return isinstance(end, FieldId) and end.name == STAR


def _kind(edge: Edge) -> str:
    """Return an edge's basis and steps as JSON."""
    steps = [
        (step.type.value, str(step.subtype), step.description, step.masking)
        for step in edge.transformations
    ]
    steps.sort(key=repr)  # masking may be None, which has no order
    return json.dumps([edge.basis, edge.verified, steps], separators=(",", ":"))


def _strings(texts: Iterable[str]) -> tuple[bytes, array[int]]:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    return b"".join(encoded), array("q", accumulate(map(len, encoded), initial=0))


def _by_suffix(texts: Sequence[str]) -> array[int]:
    keys = [backwards(text) for text in texts]
    return array("i", sorted(range(len(keys)), key=keys.__getitem__))


def _sorted(
    adjacency: Sequence[Entry], nodes: int
) -> tuple[array[int], array[int], array[int], array[int]]:
    """Return (ptr, mid, to, edge): rows by source, DIRECT first, then by target and edge."""
    counts, direct = [0] * nodes, [0] * nodes
    ordered = sorted((source, kind, target, number) for source, target, number, kind in adjacency)
    for source, kind, _, _ in ordered:
        counts[source] += 1
        direct[source] += 1 - kind
    ptr = array("i", accumulate(counts, initial=0))
    mid = array("i", (start + size for start, size in zip(ptr, direct, strict=False)))
    to = array("i", (target for _, _, target, _ in ordered))
    return ptr, mid, to, array("i", (number for _, _, _, number in ordered))


def _sorted_wide(
    adjacency: Sequence[Entry], nodes: int
) -> tuple[array[int], array[int], array[int], array[int]]:
    """Do the same with NumPy, several times faster on many edges."""
    import numpy as np  # noqa: PLC0415 - 0.1 s that a small estate need not wait

    source, target, number, kind = np.array(adjacency, dtype=np.int32).reshape(-1, 4).T
    order = np.lexsort((number, target, kind, source))
    ptr = np.zeros(nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(source, minlength=nodes), out=ptr[1:])
    mid = ptr[:-1] + np.bincount(source[kind == 0], minlength=nodes).astype(np.int32)
    ptr_, mid_, to_, edge_ = array("i"), array("i"), array("i"), array("i")
    for into, values in ((ptr_, ptr), (mid_, mid), (to_, target[order]), (edge_, number[order])):
        into.frombytes(np.ascontiguousarray(values, dtype=np.int32).tobytes())
    return ptr_, mid_, to_, edge_
