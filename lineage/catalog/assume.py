"""Column edges for want of anything better: whatever a job reads may be in whatever it writes.

Nobody says so, hence it is never part of a snapshot; whoever would rather see too much asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, FieldId
from lineage.model.snapshot import Snapshot


def assumed(snapshot: Snapshot) -> Iterator[Edge]:
    """Yield, for each edge between datasets, one from each known column of the source.

    They lead to the target as a whole, which means each of its columns. An edge from a dataset
    whose columns are not known is left as it is.
    """
    for edge in snapshot.edges:
        if not isinstance(edge.source, DatasetId) or not isinstance(edge.target, DatasetId):
            continue
        known = snapshot.datasets.get(edge.source)
        for column in (known.fields if known else None) or ():
            source = FieldId(edge.source, column.name)
            yield replace(edge, source=source, basis=Basis.ASSUMED)
