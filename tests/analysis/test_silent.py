"""Silent changes: every one that shows in rows is found, and the same in other words is none.

The truth is DuckDB's: both versions are run on the rows of the fixture.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import lineage

FIXTURE = yaml.safe_load(
    (Path(__file__).parents[2] / "fixtures" / "silent" / "pairs.yaml").read_text()
)
PAIRS: list[dict[str, Any]] = FIXTURE["pairs"]


def rows(pair: dict[str, Any], statement: str, *, changed: bool) -> Counter[tuple[Any, ...]]:
    """The rows of a statement, as a multiset, columns by name."""
    with duckdb.connect(":memory:") as engine:
        engine.execute(FIXTURE["tables"])
        engine.execute(FIXTURE["rows"])
        if changed:
            alter(engine, pair["change"])
        found = engine.execute(statement)
        names = [item[0] for item in found.description]
        order = sorted(range(len(names)), key=names.__getitem__)
        return Counter(tuple(row[place] for place in order) for row in found.fetchall())


def alter(engine: duckdb.DuckDBPyConnection, change: dict[str, Any]) -> None:
    table = change["table"]
    match change["kind"]:
        case "reorder":
            columns = ", ".join(change["order"])
            again = "create or replace table {0} as select {1} from {0}"
            engine.execute(again.format(table, columns))
        case "rename_column":
            engine.execute(f"alter table {table} rename {change['column']} to {change['new']}")
        case "type_change":
            engine.execute(f"alter table {table} alter {change['column']} type {change['new']}")
        case "add_column":
            engine.execute(f"alter table {table} add column {change['new']} {change['type']}")


def verdict(pair: dict[str, Any], folder: Path) -> tuple[str, bool]:
    """What we say of the statement, and whether for certain."""
    view = "create view v as " + pair["before"] + ";"
    (folder / "estate.sql").write_text(FIXTURE["tables"] + view)
    estate = lineage.open(folder / "estate.sql", dialect="duckdb")
    change = pair.get("change") or {
        "kind": "edit",
        "table": "v",
        "sql": "create view v as " + pair["after"],
    }
    found = estate.impact(estate.parse_change(change))
    for item in found.relations:
        if item.relation == "v":
            return item.status.value, all(evidence.certain for evidence in item.evidence)
    return "OK", True


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: str(pair.get("after") or pair["change"]))
def test_a_pair(pair: dict[str, Any], tmp_path: Path) -> None:
    before = rows(pair, pair["before"], changed=False)
    after = rows(pair, pair.get("after") or pair["before"], changed="change" in pair)
    said, _ = verdict(pair, tmp_path)
    if pair.get("equal"):
        assert before == after, "the fixture is wrong"
        assert said == "OK"
    else:
        assert before != after, "these rows do not show it; the pair proves nothing"
        assert said == "VALUE_CHANGES"


def test_there_are_enough() -> None:
    assert len(PAIRS) >= 60
    assert sum(bool(pair.get("equal")) for pair in PAIRS) >= 20
