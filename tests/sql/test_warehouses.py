"""What comes out of real warehouses' statements: the columns, order and types of the engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lineage
from lineage.analysis.estate import Estate, short

WAREHOUSES = ("evaluator", "jaffle_shop_duckdb", "stripe", "traps", "zendesk")
TYPES = 0.98


@pytest.fixture(scope="module", params=WAREHOUSES)
def warehouse(request: pytest.FixtureRequest, shared: Path) -> Path:
    folder = shared / "data" / "warehouses" / str(request.param)
    assert folder.is_dir()
    return folder


def key(name: str) -> str:
    return ".".join(name.replace('"', "").lower().split(".")[-2:])


def test_columns_order_and_types(warehouse: Path) -> None:
    estate = Estate.build(lineage.open(warehouse / "sql", dialect="duckdb").snapshot, "duckdb")
    bound = {
        key(short(target)): columns
        for outcome in estate.outcomes.values()
        for target, columns in outcome.defined.items()
    }
    built = len(list((warehouse / "sql").glob("*.sql"))) - 1  # the first file is the base tables
    assert len(bound) == built
    wrong: list[object] = []
    types: list[object] = []
    count = 0
    for name, wanted in json.loads((warehouse / "relations.json").read_text()).items():
        columns = bound.get(key(name))
        if columns is None:
            continue  # a base table: declared, not bound
        pairs = pairs_of(wanted)
        if [column for column, _ in columns] != [column for column, _ in pairs]:
            wrong.append((name, columns, pairs))
            continue
        count += len(pairs)
        types += [(name, one, two) for one, two in zip(columns, pairs, strict=True) if one != two]
    assert count > 20
    assert wrong == []
    assert len(types) <= (1 - TYPES) * count, types[:10]


def pairs_of(wanted: object) -> list[tuple[str, str]]:
    if isinstance(wanted, dict) and "columns" in wanted:
        wanted = wanted["columns"]
    if isinstance(wanted, dict):
        return [(str(name), str(type_)) for name, type_ in wanted.items()]
    assert isinstance(wanted, list)
    return [(str(item[0]), str(item[1])) if isinstance(item, list)
            else (str(item["name"]), str(item["type"])) for item in wanted]  # fmt: skip
