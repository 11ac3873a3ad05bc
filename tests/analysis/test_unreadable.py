"""What binds, and fails with the first row, is told; the truth is DuckDB's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import lineage
from lineage.analysis.silent import UNREADABLE

FIXTURE = yaml.safe_load(
    (Path(__file__).parents[2] / "fixtures" / "silent" / "unreadable.yaml").read_text()
)
VIEW = "create view v as select id, day from t;"
CASES: list[dict[str, Any]] = FIXTURE["cases"]


def unreadable(case: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Return the views that are there and cannot be read, and those that are refused."""
    fails, refused = set(), set()
    with duckdb.connect(":memory:") as engine:
        engine.execute(FIXTURE["tables"])
        change = case.get("change")
        if change:
            engine.execute(f"alter table {change['table']} drop {change['column']}")
            engine.execute(f"alter table {change['table']} add {change['column']} {change['new']}")
            columns = f"id, day, amount, {change['column']}"
            engine.execute(f"insert into t ({columns}) select 1, date '2024-01-31', 1.5, 7")
        else:
            engine.execute(FIXTURE["rows"])
        for name, text in {**case["views"], **case.get("after", {})}.items():
            try:
                engine.execute(f"create view {name} as {text}")
            except duckdb.Error:
                refused.add(name)
                continue
            try:
                engine.execute(f"create table made as from {name}")
                engine.execute("drop table made")
            except duckdb.ConversionException as error:
                known = "Unimplemented type for cast|Could not convert string|invalid date field"
                assert re.search(known, str(error))  # noqa: PT017 - others are faults of the fixture
                fails.add(name)
    return fails, refused


def told(case: dict[str, Any], folder: Path) -> tuple[set[str], set[str]]:
    """Return what we say cannot be read, and what we say breaks."""
    views = "".join(f"create view {name} as {text};" for name, text in case["views"].items())
    (folder / "estate.sql").write_text(FIXTURE["tables"] + views)
    estate = lineage.open(folder / "estate.sql", dialect="duckdb")
    changes = [case["change"]] if "change" in case else []
    changes += [
        {"kind": "edit", "table": name, "sql": f"create view {name} as {text}"}
        for name, text in case.get("after", {}).items()
    ]
    found = estate.impact(estate.parse_change({"id": "it", "changes": changes}))
    return (
        {
            verdict.relation
            for verdict in found.relations
            if any(evidence.code in UNREADABLE for evidence in verdict.evidence)
        },
        {row.relation for row in found.relations if row.status is lineage.Status.BREAKS},
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_what_cannot_be_read(case: dict[str, Any], tmp_path: Path) -> None:
    truth = unreadable(case)
    assert truth == (set(case["unreadable"]), set(case.get("breaks", ()))), "the fixture is wrong"
    assert told(case, tmp_path) == truth


def test_it_is_told_once_only_where_it_begins(tmp_path: Path) -> None:
    """What could not be read before is not the change's doing."""
    case = {
        "views": {"v": "select id, day from t union all select id, amount from u"},
        "change": {"kind": "drop_column", "table": "t", "column": "ok"},
    }
    assert told(case, tmp_path) == (set(), set())


@pytest.mark.parametrize(("type_", "clean"), [("TIMESTAMP", True), ("INTEGER", False)])
def test_no_plan_is_proved_that_casts_what_is_never_converted(
    tmp_path: Path, type_: str, clean: bool
) -> None:
    (tmp_path / "estate.sql").write_text(FIXTURE["tables"] + VIEW)
    estate = lineage.open(tmp_path / "estate.sql", dialect="duckdb")
    assert estate.plan(lineage.RetypeColumn("t", "day", type_)).clean is clean
