"""Random queries against an engine: what changes an output column must be among its sources.

``LINEAGE_PERTURB=2000`` examines that many of each kind instead of the few of every run, and
``LINEAGE_PERTURB_FROM=…`` begins at another seed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.sql.perturbation import TABLES, World, examine, told
from tests.sql.random_queries import query, script

FIRST = int(os.environ.get("LINEAGE_PERTURB_FROM") or 0)
MANY = int(os.environ.get("LINEAGE_PERTURB") or 0)
NOT_TOLD = "refused"
"""An engine refuses for reasons that are not about names and types: that is not held against us."""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World(seed=7, sets=2 if MANY else 1)
    yield made
    made.connection.close()


def test_queries(world: World) -> None:
    found = [
        str(item)
        for seed in range(FIRST, FIRST + (MANY or 60))
        for item in examine([query(seed)], world)
        if item.kind != NOT_TOLD
    ]
    assert found == []


def test_scripts(world: World) -> None:
    found = [
        str(item)
        for seed in range(FIRST, FIRST + (MANY or 12))
        for item in examine(script(seed), world)
        if item.kind != NOT_TOLD
    ]
    assert found == []


def test_most_of_what_is_made_runs(world: World) -> None:
    """Otherwise nothing is shown by it."""
    made = [[query(seed)] for seed in range(40)]
    accepted = [one for one in made if not isinstance(world.described(one), str)]
    assert len(accepted) > len(made) / 2
    assert [query(seed) for seed in range(40)] == [one for [one] in made]


CHANGED = {
    "SELECT x FROM a": "missing: a.x changes x",
    "SELECT count(*) AS n FROM a WHERE k > 1": "missing: a.k changes n",
    "SELECT s FROM b": "not-direct: b.s -> s",
}


@pytest.mark.parametrize("text", CHANGED)
def test_what_is_missing_is_noticed(
    text: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told([text])
    said.every = [set() for _ in said.every]
    said.direct = [{} for _ in said.direct]
    monkeypatch.setattr("tests.sql.perturbation.told", lambda _: said)
    assert any(str(item).startswith(CHANGED[text]) for item in examine([text], world))


def test_tables_are_those_that_are_known(world: World) -> None:
    for table, columns in TABLES.items():
        assert world.described([f"FROM {table}"]) == list(columns.items())
