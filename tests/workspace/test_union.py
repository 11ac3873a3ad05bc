"""Several states as one."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given

from lineage.catalog.union import union
from lineage.model.edge import Edge
from lineage.model.entities import Dataset, Field
from lineage.model.identity import DatasetId
from lineage.model.snapshot import Counts, Snapshot
from tests.graph import estates

T = DatasetId("n", "t")


@given(estates.mixed_edges, estates.mixed_edges, estates.schemas())
def test_nothing_is_lost_and_nothing_doubled(
    one: list[Edge], other: list[Edge], known: dict[DatasetId, Dataset]
) -> None:
    first, second = estates.snapshot(one, known), estates.snapshot(other)
    both = union([first, second])
    assert set(both.edges) == {*one, *other}
    assert len(both.edges) == len(set(both.edges))
    assert both.datasets.keys() == first.datasets.keys() | second.datasets.keys()
    assert both.jobs.keys() == first.jobs.keys() | second.jobs.keys()
    assert union([both, both]).edges == both.edges


def test_the_later_state_tells_but_does_not_forget_columns() -> None:
    known = Snapshot({T: Dataset(T, (Field("a"),), "old")}, {}, {}, counts=Counts(1, 2, 3, 4))
    unknown = Snapshot({T: Dataset(T, None, "new")}, {}, {}, counts=Counts(1, 1, 1, 1))
    both = union([known, unknown])
    assert both.datasets[T] == Dataset(T, (Field("a"),), "new")
    assert both.counts == Counts(2, 3, 4, 5)
    other = replace(unknown, datasets={T: Dataset(T, (Field("b"),))})
    assert union([known, other]).datasets[T].fields == (Field("b"),)
