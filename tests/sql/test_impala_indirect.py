"""Influence, as Impala's own planner records it (its PREDICATE edges)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lineage.sql.case import Answer, answer

ENOUGH = 0.95
Row = tuple[str, str, str, str]


def rows_of(found: Answer, case: dict[str, Any]) -> set[Row]:
    """Our edges in Impala's form: to every column; SORT only where LIMIT makes it matter."""
    columns: dict[str, set[str]] = {}
    for _, _, target, name in found.edges:
        columns.setdefault(target, set()).add(name)
    for *_, target, name in (*case["expected"], *case["expected_indirect"]):
        # Columns made of constants have no edge that would tell of them.
        columns.setdefault(target.removeprefix("default."), set()).add(name)
    limited = " limit " in " ".join(case["sql"].lower().split()) + " "
    rows: set[Row] = set()
    for table, column, target, name, subtype in found.indirect:
        if subtype == "SORT" and not limited:
            continue
        for each in columns.get(target, ()) if name == "*" else (name,):
            rows.add(plain((table, column, target, each)))
    return rows


def plain(edge: Iterable[str]) -> Row:
    """An edge without what is mere naming: unnamed columns are one, `default` is everywhere."""
    table, column, target, name = (part.removeprefix("default.") for part in edge)
    unnamed = not name.replace("_", "a").isalnum() or name.startswith("_c")
    return (table, column, target, "(unnamed)" if unnamed else name)


def test_precision_and_recall(shared: Path) -> None:
    file = shared / "data" / "sql" / "impala.jsonl"
    right = said = true = 0
    missed: list[object] = []
    for line in file.read_text().splitlines():
        case = json.loads(line)
        nested = any(
            mark in type_.lower()
            for table in (case["schema"] or {}).values()
            for type_ in table.values()
            for mark in ("array<", "map<", "struct<")
        )
        if case.get("expected_indirect") is None or nested:
            continue
        found = rows_of(
            answer(
                case["sql"],
                dialect=case["dialect"],
                schema=case["schema"],
                database=case.get("default_db"),
                default_schema=case.get("default_schema"),
                views=case.get("views"),
            ),
            case,
        )
        wanted = {plain(edge) for edge in case["expected_indirect"]}
        right += len(found & wanted)
        said += len(found)
        true += len(wanted)
        if found != wanted:
            missed.append((case["id"], sorted(found - wanted)[:4], sorted(wanted - found)[:4]))
    assert true > 0
    assert right / said >= ENOUGH, missed
    assert right / true >= ENOUGH, missed
