"""A two-way index over the columns of an estate, used in place from one buffer.

Nodes are integers: the columns first, ordered by dataset and name, and then two nodes for each
dataset. *In* stands for "every column of it" and receives the dataset-wide edges; *out* stands for
"any column of it" and sends them. Membership entries (without an edge of their own, and worth no
hop) lead from *in* to the columns and from the columns to *out*; one node for both would let each
column of a dataset reach its neighbours.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

from lineage.graph.layout import unpack, verify
from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.transformation import Transformation, TransformationType

BOUNDARIES: Final = "./:"
"""Where a suffix of a name may begin: after one of these."""
MEMBER: Final = -1
"""The edge number of a membership entry."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Adjacency one way. Row ``n`` is ``to[ptr[n]:ptr[n + 1]]``, DIRECT until ``mid[n]``."""

    ptr: memoryview
    mid: memoryview
    to: memoryview
    edge: memoryview


class Strings(Sequence[str]):
    """Many strings in one blob."""

    __slots__ = ("_blob", "_offsets")

    def __init__(self, blob: memoryview, offsets: memoryview) -> None:
        self._blob = blob
        self._offsets = offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN204 - slices are refused, so the overloads of Sequence are too many
        """Return one string; lone surrogates survive."""
        start, end = self._offsets[index], self._offsets[index + 1]
        return str(self._blob[start:end], "utf-8", "surrogatepass")


class Index:
    """Columns, datasets, jobs and edges by number, and by name."""

    def __init__(self, buffer: bytes | bytearray | memoryview) -> None:
        self._buffer = memoryview(buffer)
        part, self.meta = unpack(self._buffer)
        self.forward: Final = Rows(part["fp"], part["fm"], part["ft"], part["fe"])
        self.backward: Final = Rows(part["bp"], part["bm"], part["bt"], part["be"])
        self.edge_source: Final = part["es"]
        self.edge_target: Final = part["ed"]
        self._edge_kind = part["ek"]
        self._edge_job = part["ej"]
        self._namespaces = Strings(part["nb"], part["no"])
        self._dataset_namespace = part["dn"]
        self._dataset_names = Strings(part["db"], part["do"])
        self._first_field = part["df"]
        self._field_names = Strings(part["fb"], part["fo"])
        self._fields_by_suffix = part["fs"]
        self._datasets_by_suffix = part["ds"]
        self._jobs = Strings(part["jb"], part["jo"])
        self._kinds = Strings(part["kb"], part["ko"])
        self._consumed = part["cn"]
        self._consumer_jobs = part["cj"]
        self._consumer_kinds = Strings(part["ck"], part["cko"])
        self._kind_cache: dict[int, tuple[Basis, bool, frozenset[Transformation]]] = {}
        self.fields: Final = len(self._field_names)
        self.datasets: Final = len(self._dataset_names)
        self.nodes: Final = self.fields + 2 * self.datasets
        self.edges: Final = len(self.edge_source)
        self.has_members: Final = bool(self.meta["members"])

    def verify(self) -> None:
        """Check every byte against its checksum; raises BadIndex."""
        verify(self._buffer)

    # By number.

    def dataset_of(self, node: int) -> int:
        """Return the number of the dataset that a node belongs to."""
        if node >= self.fields:
            return (node - self.fields) // 2
        return bisect_right(self._first_field, node) - 1

    def columns(self, dataset: int) -> range:
        """Return the nodes of a dataset's columns."""
        return range(self._first_field[dataset], self._first_field[dataset + 1])

    def whole(self, dataset: int) -> tuple[int, int]:
        """Return the nodes that stand for every, and for any, column of a dataset."""
        node = self.fields + 2 * dataset
        return node, node + 1

    def dataset(self, number: int) -> DatasetId:
        """Return a dataset's identity."""
        return DatasetId(
            self._namespaces[self._dataset_namespace[number]], self._dataset_names[number]
        )

    def field(self, node: int) -> FieldId:
        """Return the identity of a column's node."""
        return FieldId(self.dataset(self.dataset_of(node)), self._field_names[node])

    def endpoint(self, node: int) -> FieldId | DatasetId:
        """Return the identity of any node."""
        return self.field(node) if node < self.fields else self.dataset(self.dataset_of(node))

    def job(self, number: int) -> JobId:
        """Return a job's identity."""
        return JobId(self._jobs[2 * number], self._jobs[2 * number + 1])

    def edge(self, number: int) -> Edge:
        """Return an edge, without what the index does not keep: evidence and dates."""
        kind = self._edge_kind[number]
        known = self._kind_cache.get(kind)
        if known is None:
            basis, verified, steps = json.loads(self._kinds[kind])
            known = self._kind_cache[kind] = (
                Basis(basis),
                verified,
                frozenset(
                    Transformation(TransformationType(type_), subtype, description, masking)
                    for type_, subtype, description, masking in steps
                ),
            )
        job = self._edge_job[number]
        return Edge(
            self.endpoint(self.edge_source[number]),
            self.endpoint(self.edge_target[number]),
            known[0],
            None if job < 0 else self.job(job),
            known[2],
            verified=known[1],
        )

    def consumers(self, nodes: AbstractSet[int]) -> list[tuple[JobId, str]]:
        """Return who reads any of these nodes and writes nothing, and its kind, in name order.

        One that is only known to read a dataset reads each of its columns.
        """
        datasets = {self.dataset_of(node) for node in nodes}
        found: dict[JobId, str] = {}
        for place, read in enumerate(self._consumed):
            if read in nodes or (read >= self.fields and self.dataset_of(read) in datasets):
                found[self.job(self._consumer_jobs[place])] = self._consumer_kinds[place]
        return sorted(found.items())

    # By name.

    def find_dataset(self, wanted: DatasetId) -> int | None:
        """Return the number of a dataset, by its exact identity."""
        namespace = bisect_left(self._namespaces, wanted.namespace)
        if namespace == len(self._namespaces) or self._namespaces[namespace] != wanted.namespace:
            return None
        low = bisect_left(self._dataset_namespace, namespace)
        high = bisect_right(self._dataset_namespace, namespace)
        found = bisect_left(self._dataset_names, wanted.name, low, high)
        if found < high and self._dataset_names[found] == wanted.name:
            return found
        return None

    def find(self, wanted: FieldId) -> int | None:
        """Return the node of a column, by its exact identity."""
        dataset = self.find_dataset(wanted.dataset)
        if dataset is None:
            return None
        columns = self.columns(dataset)
        found = bisect_left(self._field_names, wanted.name, columns.start, columns.stop)
        if found < columns.stop and self._field_names[found] == wanted.name:
            return found
        return None

    def dataset_text(self, number: int) -> str:
        """Return the whole of a dataset's name, its namespace in front."""
        namespace = self._namespaces[self._dataset_namespace[number]]
        return f"{namespace}/{self._dataset_names[number]}"

    def field_text(self, node: int) -> str:
        """Return the whole of a column's name, its namespace in front."""
        return f"{self.dataset_text(self.dataset_of(node))}.{self._field_names[node]}"

    def fields_named(self, suffix: str, limit: int = 1000) -> list[int]:
        """Return the columns whose whole name ends with ``suffix``, letter case aside."""
        return self._ending(suffix, self._fields_by_suffix, self.field_text, limit)

    def datasets_named(self, suffix: str, limit: int = 1000) -> list[int]:
        """Return the datasets whose whole name ends with ``suffix``, letter case aside."""
        return self._ending(suffix, self._datasets_by_suffix, self.dataset_text, limit)

    def _ending(
        self, suffix: str, order: memoryview, text: Callable[[int], str], limit: int
    ) -> list[int]:
        wanted = backwards(suffix)

        def key(number: int) -> str:
            return backwards(text(number))

        found: list[int] = []
        at = bisect_left(order, wanted, key=key)
        while at < len(order) and key(order[at]) == wanted and len(found) < limit:
            found.append(order[at])
            at += 1
        # One range a boundary: between them lie names that merely end in the same letters, and
        # for a short suffix (`id`) those are most of the estate.
        for boundary in BOUNDARIES:
            low = bisect_left(order, wanted + boundary, key=key)
            high = bisect_left(order, wanted + chr(ord(boundary) + 1), lo=low, key=key)
            found.extend(order[low : min(high, low + limit - len(found))])
        return found


def backwards(text: str) -> str:
    """Return the form that names are sorted by: case folded, last letter first."""
    return text.casefold()[::-1]


def entries(rows: Rows, node: int, *, direct: bool) -> Iterator[tuple[int, int]]:
    """Yield (neighbour, edge) of one node."""
    start = rows.ptr[node]
    end = rows.mid[node] if direct else rows.ptr[node + 1]
    return zip(rows.to[start:end], rows.edge[start:end], strict=True)
