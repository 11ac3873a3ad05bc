"""Verdicts on jobs of which only declared edges are known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import lineage
from lineage import Status

ROOT = Path(__file__).parents[2]
CASES: list[dict[str, Any]] = yaml.safe_load((ROOT / "fixtures/impact/declared.yaml").read_text())


def opened(folder: Path, inputs: list[object], sql: str | None = None) -> lineage.Workspace:
    told = {"_producer": "p", "_schemaURL": "u"}
    source = {"namespace": "db", "name": "ghost", "field": "q"}
    facets = {
        "schema": {**told, "fields": [{"name": "y", "type": "int"}]},
        "columnLineage": {**told, "fields": {"y": {"inputFields": [source]}}},
    }
    event = {
        "eventTime": "2024-05-01T00:00:00Z",
        "eventType": "COMPLETE",
        "producer": "p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "11111111-1111-1111-1111-111111111111"},
        "job": {
            "namespace": "n",
            "name": "j",
            "facets": {"sql": {**told, "query": sql}} if sql else {},
        },
        "inputs": inputs,
        "outputs": [{"namespace": "db", "name": "b", "facets": facets}],
    }
    (folder / "event.json").write_text(json.dumps(event))
    return lineage.open(folder / "event.json")


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"kind": "drop_column", "table": "ghost", "column": "q"}, Status.BREAKS),
        ({"kind": "rename_column", "table": "ghost", "column": "q", "new": "r"}, Status.BREAKS),
        (
            {"kind": "type_change", "table": "ghost", "column": "q", "new": "text"},
            Status.VALUE_CHANGES,
        ),
        ({"kind": "drop_table", "table": "ghost"}, Status.BREAKS),
        ({"kind": "rename_table", "table": "ghost", "new": "spirit"}, Status.BREAKS),
    ],
)
def test_a_source_is_one_with_or_without_a_schema(
    case: Mapping[str, Any], change: Mapping[str, object], status: Status, tmp_path: Path
) -> None:
    estate = opened(tmp_path, case["inputs"], case.get("sql"))
    found = estate.impact(estate.parse_change(change))
    if case.get("unknown"):
        assert {item.relation: item.status for item in found.relations} == {"b": Status.UNKNOWN}
        return
    assert {item.relation: item.status for item in found.relations} == {"b": status}
    assert {item.relation: item.status for item in found.consumers} == {"j": status}


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_source_has_a_reader(case: Mapping[str, Any], tmp_path: Path) -> None:
    source = lineage.DatasetId("db", "ghost")
    fields = [{"name": "q", "type": "int"}]
    schema = {"_producer": "p", "_schemaURL": "u", "fields": fields}
    given = {"namespace": "db", "name": "ghost", "facets": {"schema": schema}}
    estate = opened(tmp_path, [given], case.get("sql"))
    unused = {one.subject for one in estate.unused() if one.reader is None}
    assert not unused & {source, lineage.FieldId(source, "q")}
