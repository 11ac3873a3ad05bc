"""Measures the index against networkx on made-up estates: building, opening, cones.

    python -m benchmarks.graph [EDGES …]

An estate has layers of tables with twenty columns each; a column feeds three of the next layer,
and one column in a hundred is a hub that feeds hundreds. Each figure is the median of several
runs, taken in turns in one process.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lineage.graph.build import encode
from lineage.graph.exchange import to_networkx
from lineage.graph.index import Index
from lineage.graph.names import Names
from lineage.graph.traverse import reach
from lineage.model.answer import Direction
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot
from lineage.model.transformation import Transformation, TransformationType
from lineage.stores.index_file import open_index, swap

DOWN = Direction.DOWNSTREAM
COLUMNS, LAYERS, FAN, HUB = 20, 12, 3, 300
SIZES = (10_000, 100_000, 1_000_000)


def estate(edges: int, seed: int = 7) -> Snapshot:
    """Return an estate of about that many edges; the same for the same numbers."""
    chance = random.Random(seed)  # noqa: S311 - it only has to be the same each time
    tables = max(edges // (FAN * COLUMNS * 2), LAYERS)
    layers: list[list[FieldId]] = [[] for _ in range(LAYERS)]
    datasets: dict[DatasetId, Dataset] = {}
    for number in range(tables):
        id_ = DatasetId("bench", f"layer_{number % LAYERS:02}.table_{number:06}")
        datasets[id_] = Dataset(id_)
        layers[number % LAYERS].extend(FieldId(id_, f"column_{c:02}") for c in range(COLUMNS))
    steps = [
        frozenset({Transformation(TransformationType.DIRECT, "IDENTITY")}),
        frozenset({Transformation(TransformationType.INDIRECT, "FILTER")}),
    ]
    found: list[Edge] = []
    while len(found) < edges:
        layer = chance.randrange(LAYERS - 1)
        source = chance.choice(layers[layer])
        fan = HUB if chance.random() < 0.001 else FAN  # noqa: PLR2004 - one in a thousand
        for target in chance.choices(layers[layer + 1], k=fan):
            job = JobId("bench", target.dataset.name)
            kind = steps[chance.random() < 0.3]  # noqa: PLR2004 - a third are filters and joins
            found.append(Edge(source, target, Basis.DERIVED, job, kind))
    return Snapshot(dict(sorted(datasets.items())), {}, {}, tuple(found[:edges]))


def median(work: Callable[[], object], runs: int) -> float:
    """Return the median time of a piece of work, in seconds."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def shown(seconds: float) -> str:
    """Return a time with a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds * 1e6:.0f} µs"


def measure(edges: int) -> None:
    """Print the figures of one size."""
    import networkx as nx  # noqa: PLC0415 - measured against, not needed

    snapshot = estate(edges)
    runs = 3 if edges <= SIZES[1] else 1
    packed = encode(snapshot)
    built = median(lambda: encode(snapshot), runs)
    built_there = median(lambda: to_networkx(snapshot.edges), runs)
    graph = to_networkx(snapshot.edges)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "bench")
        swap(path, packed, b"")
        opened = median(lambda: open_index(path), 5)
    index = Index(packed)
    origins = sorted(range(0, index.fields, max(index.fields // 200, 1)))
    sizes = {node: len(reach(index, [node], DOWN).nodes) for node in origins}
    typical = sorted(origins, key=lambda node: sizes[node])[len(origins) // 2]
    widest = max(origins, key=lambda node: sizes[node])
    print(f"{edges:>10,} edges: {index.fields:,} columns, index {len(packed) / 1e6:.1f} MB")
    print(f"{'build':>22}: {shown(built):>9}   networkx {shown(built_there):>9}")
    print(f"{'open':>22}: {shown(opened):>9}")
    for what, node in (("typical cone", typical), ("widest cone", widest)):
        field = index.field(node)
        here = median(lambda node=node: reach(index, [node], DOWN), 9)  # type: ignore[misc]
        there = median(lambda field=field: nx.descendants(graph, field), 9)  # type: ignore[misc]
        name = f"{what} ({sizes[node]:,})"
        print(f"{name:>22}: {shown(here):>9}   networkx {shown(there):>9}")
    label = Names(index).label(index.field(typical))
    resolved = median(lambda: Names(index).resolve(label), 9)
    print(f"{'name to column':>22}: {shown(resolved):>9}")


def main() -> None:
    """Measure the sizes that were asked for."""
    for size in map(int, sys.argv[1:]) if len(sys.argv) > 1 else SIZES:
        measure(size)


if __name__ == "__main__":
    main()
