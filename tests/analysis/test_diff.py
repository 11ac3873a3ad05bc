"""Two states compared: what counts as a difference, and what does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given

from lineage.analysis.diff import Act, Aspect, Difference, Flow, diff, same_sql
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset, Field, Job
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot
from tests.graph import estates

T, U = DatasetId("n", "t"), DatasetId("n", "u")
JOB = JobId("n", "j")


def state(*fields: Field, sql: str | None = None, edges: tuple[Edge, ...] = ()) -> Snapshot:
    """A state with one table and one job."""
    return Snapshot({T: Dataset(T, fields)}, {JOB: Job(JOB, sql)}, {}, edges)


def test_columns() -> None:
    before = state(
        Field("a", "int"), Field("b", "text"), Field("c"), Field("d", nullable=True), Field("e")
    )
    after = state(
        Field("b", "int"),
        Field("a", "int"),
        Field("c", "x"),
        Field("d", nullable=False),
        Field("f"),
    )
    assert diff(before, after).differences == (
        Difference(Aspect.FIELD, Act.REMOVED, FieldId(T, "e"), "unknown type"),
        Difference(Aspect.TYPE, Act.CHANGED, FieldId(T, "b"), "text", "int"),
        Difference(Aspect.NULLABLE, Act.CHANGED, FieldId(T, "d"), "nullable", "not null"),
        Difference(Aspect.FIELD, Act.ADDED, FieldId(T, "f"), None, "unknown type"),
        Difference(Aspect.ORDER, Act.CHANGED, T, "a, b, c, d", "b, a, c, d"),
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("INTEGER", "integer", True),
        ("DECIMAL(10, 2)", "decimal(10,2)", True),
        ("DECIMAL(10,2)", "DECIMAL(12,2)", False),
        ("ENUM('a')", "ENUM('A')", False),
        ("int", "bigint", False),
    ],
)
def test_a_type_in_other_letters_is_the_same(one: str, other: str, same: bool) -> None:
    found = diff(state(Field("a", one)), state(Field("a", other)))
    assert bool(found) is not same


def test_not_to_know_columns_is_no_change() -> None:
    known, unknown = state(Field("a")), Snapshot({T: Dataset(T)}, {JOB: Job(JOB)}, {})
    assert not diff(known, unknown)
    assert not diff(unknown, known)


def test_datasets_and_jobs() -> None:
    empty = Snapshot({}, {}, {})
    full = state(Field("a"), Field("b"), sql="select 1")
    assert diff(empty, full).differences == (
        Difference(Aspect.DATASET, Act.ADDED, T, None, "a, b"),
        Difference(Aspect.JOB, Act.ADDED, JOB, None, "select 1"),
    )
    assert [row.act for row in diff(full, empty).differences] == [Act.REMOVED, Act.REMOVED]


def test_a_statement() -> None:
    assert not diff(state(sql="select  a\n from t"), state(sql="select a from t"))
    [row] = diff(state(sql="select a"), state(sql="select b")).of(Aspect.SQL)
    assert (row.act, row.before, row.after) == (Act.CHANGED, "select a", "select b")
    [row] = diff(state(sql="select a"), state()).of(Aspect.SQL)
    assert row.act is Act.REMOVED
    [row] = diff(state(), state(sql="select a")).of(Aspect.SQL)
    assert row.act is Act.ADDED
    assert not same_sql("a", None)


def test_an_edge_by_what_it_does_not_by_who_says_so() -> None:
    edge = Edge(T, U, Basis.DECLARED, JOB, frozenset({estates.DIRECT}))
    same = replace(edge, basis=Basis.BOTH, first_seen=datetime(2024, 5, 1, tzinfo=UTC))
    other = replace(edge, transformations=frozenset({estates.INDIRECT}))
    assert not diff(state(edges=(edge,)), state(edges=(same,)))
    assert diff(state(edges=(edge,)), state(edges=(other,))).differences == (
        Difference(Aspect.EDGE, Act.CHANGED, Flow(T, U), "DIRECT IDENTITY", "INDIRECT FILTER"),
    )
    [row] = diff(state(edges=(edge,)), state()).differences
    assert (row.act, row.before, row.after) == (Act.REMOVED, "DIRECT IDENTITY", None)


@given(estates.mixed_edges, estates.mixed_edges, estates.schemas(), estates.schemas())
def test_the_other_way_round_it_is_the_opposite(
    one: list[Edge],
    other: list[Edge],
    known: dict[DatasetId, Dataset],
    others: dict[DatasetId, Dataset],
) -> None:
    before, after = estates.snapshot(one, known), estates.snapshot(other, others)
    opposite = {Act.ADDED: Act.REMOVED, Act.REMOVED: Act.ADDED, Act.CHANGED: Act.CHANGED}
    there = {
        (row.aspect, opposite[row.act], row.subject, row.after, row.before)
        for row in diff(before, after).differences
    }
    back = {
        (row.aspect, row.act, row.subject, row.before, row.after)
        for row in diff(after, before).differences
    }
    assert there == back
    assert not diff(before, before)
