"""Two that bind half of the statements each come to what one comes to."""

from __future__ import annotations

import os
from pathlib import Path
from queue import Queue
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.catalog.derive import Settled, settle
from lineage.catalog.kept import Kept
from lineage.catalog.program import Program
from lineage.catalog.share import Exchange, settle_share, steps
from lineage.model.snapshot import Snapshot
from lineage.sources import halves
from lineage.sources.revision import revision
from tests.catalog.test_advance import CASES, STATEMENT, script, snapshot_of, state

ROOT = Path(__file__).parents[2] / "fixtures/pull_requests"


def both(snapshot: Snapshot, dialect: str | None) -> list[Settled]:
    """Bind a snapshot by two threads."""
    lines: list[Queue[bytes]] = [Queue(), Queue()]
    found: dict[int, Settled] = {}

    def line(mine: int) -> Exchange:
        def exchange(data: bytes) -> bytes:
            lines[1 - mine].put(data)
            return lines[mine].get(timeout=60)

        return exchange

    def run(mine: int) -> None:
        found[mine] = settle_share(snapshot, dialect, mine, line(mine))

    other = Thread(target=run, args=(1,))
    other.start()
    run(0)
    other.join()
    return [found[0], found[1]]


def joined(parts: list[Settled]) -> Settled:
    """Return what the two have together."""
    one, other = parts
    assert not one.outcomes.keys() & other.outcomes.keys()
    outcomes = {**one.outcomes, **other.outcomes}
    return Settled(
        one.program, one.world, {unit.id: outcomes[unit.id] for unit in one.program.units}
    )


def agree(snapshot: Snapshot, dialect: str | None) -> None:
    """Check that both have the whole, and the tables of the whole."""
    whole = state(settle(snapshot, dialect))
    parts = both(snapshot, dialect)
    assert state(joined(parts)) == whole
    assert state(joined(parts[::-1])) == whole


def test_a_project_is_bound_by_two() -> None:
    agree(revision(str(ROOT / "base"), ROOT).snapshot, None)


@pytest.mark.parametrize("name", CASES)
def test_loops_and_tables_that_several_write_are_bound_by_two(name: str) -> None:
    for statements in CASES[name]:
        agree(snapshot_of(*statements), "duckdb")


@given(st.lists(STATEMENT, max_size=9))
def test_any_script_is_bound_by_two(rows: list[tuple[str, str, str, str]]) -> None:
    agree(snapshot_of(*script(rows)), "duckdb")


@given(st.lists(STATEMENT, max_size=9))
def test_a_step_needs_nothing_of_itself(rows: list[tuple[str, str, str, str]]) -> None:
    program = Program(snapshot_of(*script(rows)), "duckdb")
    listed = steps(program)
    assert sorted(unit.id for step in listed for unit in step) == sorted(program.by_job)
    for step in listed:
        for unit in step:
            for other in step:
                touched = {*other.reads, *other.writes}
                assert unit is other or not touched.intersection(unit.writes)


def kept(snapshot: Snapshot, dialect: str | None) -> Settled:
    """Return a snapshot that was bound, packed and taken out again."""
    data = Kept(halves.state(snapshot, dialect, b"memory"))
    assert bytes(data.extra) == b"memory"
    return data.part(data.every_job(), data.every_dataset())


FORKS = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
THREADS = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
"""Whoever runs the tests may have threads; the command has none."""


@FORKS
@THREADS
@pytest.mark.parametrize("name", ["base", *CASES])
def test_two_processes_keep_what_one_keeps(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "base":
        snapshot, dialect = revision(str(ROOT / "base"), ROOT).snapshot, None
    else:
        snapshot, dialect = snapshot_of(*CASES[name][1]), "duckdb"
    alone = kept(snapshot, dialect)
    monkeypatch.setattr(halves, "WORTH", 0)
    monkeypatch.setattr(halves, "_two", lambda: True)
    assert state(kept(snapshot, dialect)) == state(alone)


@FORKS
@THREADS
def test_one_does_it_alone_where_the_other_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot = revision(str(ROOT / "base"), ROOT).snapshot
    alone = state(kept(snapshot, None))

    monkeypatch.setattr(halves, "WORTH", 0)
    monkeypatch.setattr(halves, "_two", lambda: True)
    monkeypatch.setattr(halves, "keep_half", lambda _: os._exit(9))
    assert state(kept(snapshot, None)) == alone
