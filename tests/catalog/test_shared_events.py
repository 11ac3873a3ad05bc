"""Events of other people's producers: what is counted agrees with an independent count.

Where it does not on purpose, DIFFERENCES says so, and docs/events.md says why.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.catalog.apply import apply
from lineage.catalog.fold import unfold
from lineage.model.diagnostic import Diagnostic
from lineage.model.identity import FieldId
from lineage.model.snapshot import Snapshot
from lineage.sources import READERS, Options
from lineage.sources.document import Document

SOURCES = (
    "compat-airflow", "compat-simple-run-event", "compat-spark-dataproc-complete",
    "gen-dbt-duckdb", "gen-dbt-duckdb-docs", "kentra-debezium-flink",
    "marquez-seed-food-delivery", "ol-diff", "ol-spec-examples", "rentgen-airflow", "rentgen-dbt",
    "rentgen-flink", "rentgen-spark", "rentgen-unknown", "spline-airflow",
)  # fmt: skip
DIFFERENCES: dict[tuple[str, str], int] = {
    # The last event of the run replaces the facet of the one before, which had this edge.
    ("rentgen-spark", "dataset_wide_edges"): 0,
    ("rentgen-unknown", "dataset_wide_edges"): 0,
}


def snapshot_of(path: Path) -> Snapshot:
    events, diagnostics = [], []
    for item in READERS.get("openlineage").read(Document(path.name, path), Options()):
        if isinstance(item, Diagnostic):
            diagnostics.append(item)
        else:
            events.append(item)
    return apply(events, diagnostics)


@pytest.mark.parametrize("source", SOURCES)
def test_counts(shared: Path, source: str) -> None:
    folder = shared / "data" / "events"
    expected = json.loads((folder / "expected.json").read_text())[source]
    snapshot = snapshot_of(folder / source / "events.jsonl")
    edges = list(unfold(snapshot.edges, snapshot.datasets))
    columns = [edge for edge in edges if isinstance(edge.target, FieldId)]
    datasets = snapshot.datasets.values()
    found = {
        "events": snapshot.counts.events,
        "runs": snapshot.counts.runs,
        "jobs": snapshot.counts.jobs,
        "datasets": snapshot.counts.datasets,
        "datasets_incl_column_refs": len(snapshot.datasets),
        "column_edges_union": len({(edge.source, edge.target) for edge in columns}),
        "column_edges_only_from_failed_runs": len(
            {(edge.source, edge.target) for edge in columns if not edge.verified}
        ),
        "dataset_wide_edges": len(
            [
                e
                for e in edges
                if isinstance(e.source, FieldId) and not isinstance(e.target, FieldId)
            ]
        ),
        "datasets_with_schema": sum(dataset.fields is not None for dataset in datasets),
        "schema_columns_top_level": sum(len(dataset.fields or ()) for dataset in datasets),
    }
    wanted = {name: DIFFERENCES.get((source, name), expected[name]) for name in found}
    assert found == wanted


def test_every_source_is_tested(shared: Path) -> None:
    expected = json.loads((shared / "data" / "events" / "expected.json").read_text())
    assert sorted(expected) == sorted(SOURCES)


def test_reading_them_all_together_loses_nothing(shared: Path) -> None:
    """One log of all sources holds each one's jobs, runs and datasets."""
    folder = shared / "data" / "events"
    paths = [folder / source / "events.jsonl" for source in SOURCES]
    parts = [snapshot_of(path) for path in paths]
    reader = READERS.get("openlineage")
    items = [
        item
        for path in paths
        for item in reader.read(Document(path.name, path), Options())
        if not isinstance(item, Diagnostic)
    ]
    whole = apply(items)
    assert set(whole.jobs) == {job for part in parts for job in part.jobs}
    assert set(whole.runs) == {run for part in parts for run in part.runs}
    known = set(whole.datasets) | {alias for d in whole.datasets.values() for alias in d.aliases}
    assert known >= {dataset for part in parts for dataset in part.datasets}
