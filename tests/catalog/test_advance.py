"""Going from one bound state to the next gives what binding everything gives."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.analysis.silent import key_of
from lineage.catalog.advance import advance, following
from lineage.catalog.apply import apply
from lineage.catalog.derive import Settled, settle
from lineage.catalog.program import Outcome, Program
from lineage.model.event import Event
from lineage.model.snapshot import Snapshot
from lineage.sources import Options
from lineage.sources.document import document
from lineage.sources.revision import revision
from lineage.sources.sql import read
from lineage.sql.relation import Column, Origins

ROOT = Path(__file__).parents[2] / "fixtures/pull_requests"
HEADS = sorted(path.name for path in (ROOT / "heads").iterdir() if path.is_dir())


def origins(found: Origins) -> list[tuple[object, int]]:
    """Return origins as values."""
    return sorted((key_of(origin), flags) for origin, flags in found.items())


def column(found: Column) -> object:
    """Return a column as a value."""
    return (
        found.name, found.type, found.nullable, found.place,
        origins(found.direct), origins(found.indirect),
    )  # fmt: skip


def said(outcome: Outcome) -> object:
    """Return an outcome as a value."""
    rows = outcome.rows
    return {
        "written": [
            (item.target, [(name, column(one)) for name, one in item.columns],
             origins(item.indirect))
            for item in outcome.written
        ],
        "defined": outcome.defined,
        "reads": list(outcome.reads),
        "uses": sorted(key_of(origin) for origin in outcome.uses),
        "problems": outcome.problems,
        "missing": outcome.missing,
        "rows": rows and ([column(one) for one in rows.columns], origins(rows.indirect)),
    }  # fmt: skip


def state(settled: Settled) -> Mapping[str, object]:
    """Return a bound state as values."""
    program = settled.program
    ids = {*program.snapshot.datasets, *program.writers}
    tables = {id_: settled.world.table(id_) for id_ in ids}
    return {
        "order": [unit.id for unit in program.units],
        "tables": {id_: table and (table.columns, table.kind) for id_, table in tables.items()},
        "outcomes": {id_: said(outcome) for id_, outcome in settled.outcomes.items()},
    }


def project(tmp_path: Path, name: str) -> Path:
    """Make the tree of a pull request."""
    head = ROOT / "heads" / name
    shutil.copytree(ROOT / "base", tmp_path, dirs_exist_ok=True)
    if (head / "files").is_dir():
        shutil.copytree(head / "files", tmp_path, dirs_exist_ok=True)
    for path in json.loads((head / "pull_request.json").read_text())["deleted"]:
        (tmp_path / path).unlink()
    return tmp_path


@cache
def base() -> Settled:
    """Return the base of the pull requests, bound."""
    return settle(revision(str(ROOT / "base"), ROOT).snapshot)


@pytest.mark.parametrize("name", HEADS)
def test_a_pull_request_is_bound_as_a_whole_or_in_part(name: str, tmp_path: Path) -> None:
    snapshot = revision(str(project(tmp_path, name)), ROOT).snapshot
    whole = settle(snapshot)
    part = advance(base(), Program(snapshot))
    assert state(part) == state(whole)
    again = advance(base(), following(base().program, snapshot))
    assert state(again) == state(whole)
    back = advance(part, Program(base().program.snapshot))
    assert state(back) == state(base())


def test_what_does_not_differ_is_not_bound_again() -> None:
    again = advance(base(), Program(base().program.snapshot))
    assert all(again.outcomes[id_] is base().outcomes[id_] for id_ in again.outcomes)


def snapshot_of(*statements: str) -> Snapshot:
    """Return the state that a script for each statement makes."""
    items = [
        item
        for number, text in enumerate(statements)
        for item in read(document(f"{number}.sql", text.encode()), Options("duckdb"))
        if isinstance(item, Event)
    ]
    return apply(items)


TABLE = "create table a.t (x integer, y varchar)"
CASES = {
    "another type below": (
        [TABLE, "create view v as select x, y from t", "create view w as select x + 1 as z from v"],
        [TABLE.replace("x integer", "x bigint"), "create view v as select x, y from t",
         "create view w as select x + 1 as z from v"],
    ),
    "a name that means two things": (
        [TABLE, "create view v as select x from t"],
        [TABLE, "create view v as select x from t", "create table b.t (x integer)"],
    ),
    "a name that means something now": (
        ["create view v as select x from t"],
        ["create view v as select x from t", TABLE],
    ),
    "a loop": (
        ["create table p (x integer)", "create table q as select x from r",
         "create table r as select x from q"],
        ["create table p (x integer)", "create table q as select x, 1 as y from r",
         "create table r as select x from q"],
    ),
    "two that write one table": (
        [TABLE, "create table s as select x from t", "insert into s select x from t",
         "create table u as select * from s"],
        [TABLE, "create table s as select x, y from t", "insert into s select x from t",
         "create table u as select * from s"],
    ),
    "a macro that another statement calls": (
        [TABLE, "create macro m() as table select x from t", "create macro f(a) as a + 1",
         "create view v as select f(x) as z from m()", "create view w as select * from v"],
        [TABLE, "create macro m() as table select y as x from t", "create macro f(a) as a / 2",
         "create view v as select f(x) as z from m()", "create view w as select * from v"],
    ),
    "a table that reads itself": (
        [TABLE, "create or replace table s as select * from s"],
        [TABLE, "create or replace table s as select x from s"],
    ),
    "advice that names another": (
        [TABLE, "create table u as select * from orderz"],
        [TABLE, "create table u as select * from orderz", "create table orders (x integer)"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_script_is_bound_as_a_whole_or_in_part(name: str) -> None:
    one, other = (snapshot_of(*statements) for statements in CASES[name])
    for before, after in ((one, other), (other, one)):
        bound, whole = settle(before, "duckdb"), state(settle(after, "duckdb"))
        assert state(advance(bound, Program(after, "duckdb"))) == whole
        assert state(advance(bound, following(bound.program, after, "duckdb"))) == whole


def test_another_dialect_binds_everything_again() -> None:
    found = snapshot_of(TABLE, "create view v as select x / 2 as z from t")
    before = settle(found, "duckdb")
    after = advance(before, Program(found, "postgres"))
    assert state(after) == state(settle(found, "postgres"))


NAMES = ("a", "b", "c", "d", "e")
STATEMENT = st.tuples(
    st.sampled_from(NAMES),
    st.sampled_from(("create table", "create view", "insert into")),
    st.sampled_from(("x", "y", "x, y", "*", "x as y", "cast(x as varchar) as x", "z")),
    st.sampled_from(NAMES),
)


def script(rows: list[tuple[str, str, str, str]]) -> list[str]:
    """Return statements over a handful of names."""
    made = [
        f"{verb} {name} {'as ' if verb != 'insert into' else ''}select {what} from {source}"  # noqa: S608 - never executed
        for name, verb, what, source in rows
    ]
    return ["create table a (x integer, y date)", *made]


@given(st.lists(STATEMENT, max_size=6), st.lists(STATEMENT, max_size=6), st.integers(0, 6))
def test_any_script_is_bound_as_a_whole_or_in_part(
    one: list[tuple[str, str, str, str]], other: list[tuple[str, str, str, str]], same: int
) -> None:
    before, after = snapshot_of(*script(one)), snapshot_of(*script([*one[:same], *other]))
    bound, whole = settle(before, "duckdb"), state(settle(after, "duckdb"))
    assert state(advance(bound, Program(after, "duckdb"))) == whole
    assert state(advance(bound, following(bound.program, after, "duckdb"))) == whole
