"""Several states as one: a change here judged against consumers that are recorded elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lineage.model.edge import Edge
from lineage.model.entities import Dataset
from lineage.model.identity import DatasetId
from lineage.model.snapshot import Counts, Snapshot


def union(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return everything in ``snapshots``. What two of them know, the later one tells.

    A dataset keeps the columns of an earlier one where the later does not know them. Counts add
    up, so what two of them read is counted twice.
    """
    datasets: dict[DatasetId, Dataset] = {}
    for snapshot in snapshots:
        for id_, dataset in snapshot.datasets.items():
            known = datasets.get(id_)
            if known is not None and dataset.fields is None:
                dataset = replace(dataset, fields=known.fields)  # noqa: PLW2901 - completed
            datasets[id_] = dataset
    jobs = {id_: job for snapshot in snapshots for id_, job in snapshot.jobs.items()}
    runs = {id_: run for snapshot in snapshots for id_, run in snapshot.runs.items()}
    edges: dict[Edge, None] = {}
    for snapshot in snapshots:
        edges.update(dict.fromkeys(snapshot.edges))
    diagnostics = dict.fromkeys(
        diagnostic for snapshot in snapshots for diagnostic in snapshot.diagnostics
    )
    counts = [snapshot.counts for snapshot in snapshots]
    return Snapshot(
        dict(sorted(datasets.items())),
        dict(sorted(jobs.items())),
        dict(sorted(runs.items())),
        tuple(edges),
        tuple(diagnostics),
        Counts(
            sum(count.events for count in counts),
            sum(count.runs for count in counts),
            sum(count.jobs for count in counts),
            sum(count.datasets for count in counts),
        ),
    )
