"""The two counts that are contracts, against what an independent script counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lineage
from lineage.workspace import export

FOLDERS = (
    "compat-airflow",
    "compat-simple-run-event",
    "compat-spark-dataproc-complete",
    "gen-dbt-duckdb",
    "gen-dbt-duckdb-docs",
    "kentra-debezium-flink",
    "marquez-seed-food-delivery",
    "ol-diff",
    "ol-spec-examples",
    "rentgen-airflow",
    "rentgen-dbt",
    "rentgen-flink",
    "rentgen-spark",
    "rentgen-unknown",
    "spline-airflow",
)


@pytest.mark.parametrize("folder", FOLDERS)
def test_counts_of_other_peoples_events(shared: Path, folder: str) -> None:
    events = shared / "data" / "events"
    expected = json.loads((events / "expected.json").read_text())[folder]
    estate = lineage.open(events / folder)
    stats = estate.stats()
    assert (stats.events, stats.runs, stats.jobs, stats.datasets) == (
        expected["events"],
        expected["runs"],
        expected["jobs"],
        expected["datasets"],
    )
    rows = [json.loads(row) for row in export(estate, "edges", basis="declared")]
    # What is declared for a dataset as a whole has `*` for its column, and is no column edge.
    columns = [row for row in rows if row["target"]["field"] != "*"]
    assert len(columns) == stats.declared_column_edges == expected["column_edges_union"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_events_sent_on_say_the_same(shared: Path, folder: str, tmp_path: Path) -> None:
    """Export, then read, changes nothing that another back end would be asked about."""
    estate = lineage.open(shared / "data" / "events" / folder)
    file = tmp_path / "sent.ndjson"
    file.write_text("".join(export(estate, "openlineage")))
    if file.stat().st_size:
        assert estate.diff(lineage.open(file)).differences == ()


def test_every_folder_is_counted(shared: Path) -> None:
    assert sorted(FOLDERS) == sorted(json.loads((shared / "data/events/expected.json").read_text()))
