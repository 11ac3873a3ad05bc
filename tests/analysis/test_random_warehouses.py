"""Random warehouses and changes: every verdict is what an engine does that rebuilds everything.

``LINEAGE_WAREHOUSES=200`` tries that many instead of the few of every run, and
``LINEAGE_WAREHOUSES_FROM=…`` begins at another seed.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lineage import Status
from tests.analysis.random_warehouses import Step, Warehouse, changes, warehouse
from tests.analysis.rebuilding import Rebuilder, compared, key, opened

FIRST = int(os.environ.get("LINEAGE_WAREHOUSES_FROM") or 0)
MANY = int(os.environ.get("LINEAGE_WAREHOUSES") or 6)
CHANGES = 12


@pytest.mark.parametrize("seed", range(FIRST, FIRST + MANY))
def test_verdicts_are_the_engine_s(seed: int, tmp_path: Path) -> None:
    made = warehouse(seed)
    rebuilder = Rebuilder(made)
    estate = opened(made, tmp_path)
    wrong: list[str] = []
    for change in changes(made, seed, CHANGES):
        truth = rebuilder.truth([change])
        if truth is not None:
            found = estate.impact(estate.parse_change(change))
            wrong += map(str, compared(truth, found, made, [change]))
    assert wrong == []


@pytest.mark.parametrize("seed", range(FIRST, FIRST + MANY))
def test_several_changes_made_together(seed: int, tmp_path: Path) -> None:
    """A plan: one change each of tables that do not lie above one another."""
    made = warehouse(seed)
    rebuilder = Rebuilder(made)
    estate = opened(made, tmp_path)
    each = {change["table"]: change for change in changes(made, seed, CHANGES)}
    plan = [change for table, change in each.items() if table in made.tables][:3]
    truth = rebuilder.truth(plan)
    if truth is None:
        return
    found = estate.impact(estate.parse_change({"changes": plan}))
    assert list(map(str, compared(truth, found, made, plan))) == []


@pytest.mark.parametrize("seed", range(FIRST, FIRST + MANY))
def test_columns_and_types_are_the_engine_s(seed: int, tmp_path: Path) -> None:
    made = warehouse(seed)
    estate = opened(made, tmp_path).estate
    bound = {
        key(target.name, made): list(columns or ())
        for outcome in estate.outcomes.values()
        for target, columns in outcome.defined.items()
    }
    built = {
        step.target: made.relations[step.target]
        for step in made.steps
        if step.makes and step.target is not None
    }
    assert {name: bound.get(name) for name in built} == built
    assert [problem for one in estate.outcomes.values() for problem in one.problems] == []


def test_the_same_seed_makes_the_same() -> None:
    one, other = warehouse(FIRST), warehouse(FIRST)
    assert one == other
    assert changes(one, 1, 5) == changes(other, 1, 5)


def test_a_wrong_answer_is_noticed(tmp_path: Path) -> None:
    made = Warehouse({"t": [("a", "INTEGER"), ("b", "DATE")]})
    made.relations = {**made.tables, "v": [("a", "INTEGER")]}
    made.steps.append(Step("create view v as select a from t", "v", makes=True))
    estate = opened(made, tmp_path)
    change = {"kind": "drop_column", "table": "t", "column": "a"}
    other = {"kind": "drop_column", "table": "t", "column": "b"}
    truth = Rebuilder(made).truth([change])
    assert truth is not None
    assert truth["v"].status is Status.BREAKS
    assert truth["v"].direct
    found = estate.impact(estate.parse_change(other))
    (wrong,) = compared(truth, found, made, [change])
    assert wrong.kind == "BREAKS not OK"
