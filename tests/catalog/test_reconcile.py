"""What producers declare and what SQL says become one edge where they agree."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from lineage.catalog.reconcile import reconcile
from lineage.model.diagnostic import Location
from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.transformation import Transformation, TransformationType

X, Y = FieldId(DatasetId("n", "a"), "x"), FieldId(DatasetId("n", "b"), "y")
J = JobId("n", "j")
COPY = Transformation(TransformationType.DIRECT, "IDENTITY")
SUM = Transformation(TransformationType.DIRECT, "AGGREGATION")
FILTER = Transformation(TransformationType.INDIRECT, "FILTER")


def edge(basis: Basis, *steps: Transformation, **more: object) -> Edge:
    return Edge(X, Y, basis, J, frozenset(steps), **more)  # type: ignore[arg-type]


def test_they_agree() -> None:
    moment = datetime(2024, 5, 1, tzinfo=UTC)
    declared = edge(
        Basis.DECLARED, COPY, evidence=(Location("e", 1),), first_seen=moment, verified=False
    )
    derived = edge(Basis.DERIVED, SUM, evidence=(Location("q.sql", 3),))
    (found,) = reconcile([declared], [derived])
    assert found == edge(Basis.BOTH, COPY, SUM)
    assert found.evidence == (Location("q.sql", 3), Location("e", 1))
    assert found.first_seen == moment
    assert found.verified


def test_a_claim_without_a_type_takes_that_of_the_sql() -> None:
    (found,) = reconcile([edge(Basis.DECLARED)], [edge(Basis.DERIVED, COPY)])
    assert found == edge(Basis.BOTH, COPY)


def test_a_claim_without_a_type_is_about_the_value_first() -> None:
    found = reconcile(
        [edge(Basis.DECLARED)], [edge(Basis.DERIVED, FILTER), edge(Basis.DERIVED, COPY)]
    )
    assert set(found) == {edge(Basis.BOTH, COPY), edge(Basis.DERIVED, FILTER)}


def test_value_and_influence_do_not_agree() -> None:
    declared, derived = edge(Basis.DECLARED, FILTER), edge(Basis.DERIVED, COPY)
    assert set(reconcile([declared], [derived])) == {declared, derived}


def test_other_jobs_do_not_agree() -> None:
    declared = Edge(X, Y, Basis.DECLARED, JobId("n", "other"))
    derived = edge(Basis.DERIVED, COPY)
    assert set(reconcile([declared], [derived])) == {declared, derived}


FIELDS = st.sampled_from([X, Y])
EDGES = st.builds(
    Edge,
    FIELDS,
    FIELDS,
    st.just(Basis.DECLARED),
    st.sampled_from([J, None]),
    st.frozensets(st.sampled_from([COPY, SUM, FILTER]), max_size=1),
)


@given(st.lists(EDGES, unique=True), st.lists(EDGES, unique=True), st.data())
def test_no_claim_is_lost_and_order_does_not_matter(
    declared: list[Edge], derived: list[Edge], data: st.DataObject
) -> None:
    """Each source, target and job that anybody claims is in the answer, once for each claim."""
    derived = [Edge(e.source, e.target, Basis.DERIVED, e.job, e.transformations) for e in derived]
    found = reconcile(declared, derived)
    ends = {(e.source, e.target, e.job) for e in (*declared, *derived)}
    assert {(e.source, e.target, e.job) for e in found} == ends
    both = sum(e.basis is Basis.BOTH for e in found)
    assert sum(e.basis is not Basis.DECLARED for e in found) == len(derived)
    assert len(found) <= len(declared) + len(derived)
    assert both <= len(derived)
    shuffled = reconcile(data.draw(st.permutations(declared)), data.draw(st.permutations(derived)))
    assert shuffled == found
