"""Real warehouses: every verdict is what a real database did."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import lineage
from lineage import Status
from lineage.errors import UnknownName

WAREHOUSES = ("evaluator", "jaffle_shop_duckdb", "stripe", "traps", "zendesk")
BROKEN = {Status.BREAKS, Status.BLOCKED}
EVERY = 5
"""One change in so many is tried here; the scorer tries all."""


def short(name: str) -> str:
    return ".".join(name.replace('"', "").lower().split(".")[-2:])


def records(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


@pytest.mark.parametrize("form", ["sql", "dbt"])
@pytest.mark.parametrize("name", WAREHOUSES)
def test_verdicts_are_the_engine_s(name: str, form: str, shared: Path) -> None:
    folder = shared / "data" / "warehouses" / name
    if not (folder / form).is_dir():
        pytest.skip("shared data has no dbt artifacts of this one")
    estate = lineage.open(folder / form, dialect="duckdb")
    changes = records(folder / "changes.jsonl")
    truth = {record["id"]: record["results"] for record in records(folder / "truth.jsonl")}
    relations = {short(name) for name in json.loads((folder / "relations.json").read_text())}
    wrong = []
    for change in changes[::EVERY]:
        found = estate.impact(estate.parse_change(change))
        said = {
            short(item.relation): item.status.value
            for item in found.relations
            if item.status not in {Status.OK, Status.VALUE_CHANGES}
            and short(item.relation) in relations
        }
        wanted = {
            short(relation): result["status"]
            for relation, result in truth[change["id"]].items()
            if result["status"] != "OK"
        }
        said.pop(short(change["table"]), None)
        if said != wanted:
            wrong.append((change["id"], set(said.items()) ^ set(wanted.items())))
    assert wrong == []


@pytest.mark.parametrize("name", ["jaffle_shop_duckdb", "stripe", "zendesk"])
def test_what_breaks_is_found_without_any_schema(name: str, shared: Path, tmp_path: Path) -> None:
    """The tables below are known from what is read of them alone, through whatever stars."""
    folder = shared / "data" / "warehouses" / name
    for file in (folder / "sql").glob("*.sql"):
        if not file.name.startswith("0000"):
            (tmp_path / file.name).write_text(file.read_text())
    estate = lineage.open(tmp_path, dialect="duckdb")
    truth = {record["id"]: record["results"] for record in records(folder / "truth.jsonl")}
    judged = 0
    for change in records(folder / "changes.jsonl"):
        # Which types break a column needs the types of others.
        if change["on"] != "base" or change["kind"] == "type_change":
            continue
        broken = {
            short(relation)
            for relation, result in truth[change["id"]].items()
            if result["status"] in {"BREAKS", "BLOCKED"}
        }
        try:
            found = estate.impact(estate.parse_change(change))
        except UnknownName:
            assert not broken  # nobody names the column, so nobody can say whether there is one
            continue
        judged += 1
        said = {short(item.relation) for item in found.relations if item.status in BROKEN}
        assert said == broken, change
    assert judged > 30


def test_sql_and_dbt_say_the_same(shared: Path) -> None:
    folder = shared / "data" / "warehouses" / "stripe"
    estates = [lineage.open(folder / form, dialect="duckdb") for form in ("sql", "dbt")]
    relations = {short(name) for name in json.loads((folder / "relations.json").read_text())}
    for line in (folder / "changes.jsonl").read_text().splitlines()[:60]:
        one, other = (
            {
                short(item.relation): item.status
                for item in estate.impact(estate.parse_change(json.loads(line))).relations
                if short(item.relation) in relations and item.status is not Status.OK
            }
            for estate in estates
        )
        assert one == other, line


@pytest.mark.parametrize("name", ["traps", "jaffle_shop_duckdb"])
def test_messages_name_what_the_engine_names(name: str, shared: Path) -> None:
    """The column that our message is about stands in the engine's own error."""
    pytest.importorskip("duckdb")
    folder = shared / "data" / "warehouses" / name
    estate = lineage.open(folder / "sql", dialect="duckdb")
    truth = {record["id"]: record["results"] for record in records(folder / "truth.jsonl")}
    checked = 0
    for line in (folder / "changes.jsonl").read_text().splitlines():
        change = json.loads(line)
        for item in estate.impact(estate.parse_change(change)).relations:
            error = next(
                (result.get("error", "") for relation, result in truth[change["id"]].items()
                 if short(relation) == short(item.relation)), "")  # fmt: skip
            if item.status is not Status.BREAKS or "not found in FROM" not in error:
                continue
            named = {evidence.column.lower() for evidence in item.evidence if evidence.column}
            assert any(f'"{column}"' in error.lower() for column in named), (error, item.evidence)
            assert item.evidence[0].location is not None
            assert item.evidence[0].location.line > 0
            checked += 1
    assert checked > 10
