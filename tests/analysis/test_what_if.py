"""Proposed changes, as records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.analysis.what_if import parse
from lineage.errors import BadChange
from lineage.model.change import (
    AddColumn,
    Change,
    DropColumn,
    DropTable,
    EditStatement,
    RenameColumn,
    RenameTable,
    ReorderColumns,
    RetypeColumn,
    SetNullable,
)


@pytest.mark.parametrize(
    ("record", "change"),
    [
        ({"kind": "drop_column", "table": "s.t", "column": "c"}, DropColumn("s.t", "c")),
        (
            {"kind": "rename_column", "table": "s.t", "column": "c", "new": "d"},
            RenameColumn("s.t", "c", "d"),
        ),
        (
            {"kind": "type_change", "table": "s.t", "column": "c", "old": "INT", "new": "TEXT"},
            RetypeColumn("s.t", "c", "TEXT"),
        ),
        (
            {"kind": "nullable_change", "table": "s.t", "column": "c", "nullable": False},
            SetNullable("s.t", "c", nullable=False),
        ),
        (
            {"kind": "add_column", "table": "s.t", "new": "d", "type": "INT", "colliding": True},
            AddColumn("s.t", "d", "INT"),
        ),
        ({"kind": "reorder", "table": "s.t"}, ReorderColumns("s.t")),
        (
            {"kind": "reorder", "table": "s.t", "order": ["b", "a"]},
            ReorderColumns("s.t", ("b", "a")),
        ),
        ({"kind": "drop_table", "table": "s.t"}, DropTable("s.t")),
        ({"kind": "rename_table", "table": "s.t", "new": "s.u"}, RenameTable("s.t", "s.u")),
        ({"kind": "edit", "table": "s.t", "sql": "select 1"}, EditStatement("s.t", "select 1")),
    ],
)
def test_each_kind(record: dict[str, object], change: Change) -> None:
    assert parse({"id": 7, **record}).changes == (change,)
    assert parse({"id": 7, **record}).id == "7"


def test_several_together() -> None:
    drop = {"kind": "drop_table", "table": "a"}
    found = parse({"id": "x", "changes": [drop, {**drop, "table": "b"}]})
    assert found.changes == (DropTable("a"), DropTable("b"))


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({}, "kind must be one of drop_column, "),
        ({"id": "7", "kind": "explode"}, "change 7: kind must be one of .*, not 'explode'"),
        ({"id": "7", "kind": "drop_column", "table": "t"}, 'drop_column needs "column"'),
        ({"id": "7", "kind": "type_change", "table": "t", "column": "c"}, 'needs "new" or "type"'),
        ({"id": "7", "kind": "reorder", "table": "t", "order": "a"}, "order must be a list"),
        ({"id": "7", "changes": "all"}, "changes must be a list"),
        ({"id": "7", "changes": [1]}, "must be an object"),
        ({"kind": ["drop_column"]}, "kind must be one of"),
    ],
)
def test_what_lacks_something_says_what(record: dict[str, object], message: str) -> None:
    with pytest.raises(BadChange, match=message):
        parse(record)


def test_the_changes_of_real_warehouses(shared: Path) -> None:
    lines = [
        json.loads(line)
        for file in shared.glob("data/warehouses/*/changes.jsonl")
        for line in file.read_text().splitlines()
    ]
    assert len(lines) > 1000
    assert {parse(line).id for line in lines} <= {str(line["id"]) for line in lines}
