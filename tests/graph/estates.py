"""Estates made at random, for laws."""

from __future__ import annotations

from hypothesis import strategies as st

from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset, Field, Job
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot
from lineage.model.transformation import Transformation, TransformationSubtype, TransformationType

DIRECT = Transformation(TransformationType.DIRECT, TransformationSubtype.IDENTITY)
INDIRECT = Transformation(TransformationType.INDIRECT, TransformationSubtype.FILTER)

# Few names, so that edges meet; odd ones among them, so that nothing relies on their form.
namespaces = st.sampled_from(["default", "postgres://db:5432", "s3://bucket"])
dataset_names = st.sampled_from(["a", "b", "shop.orders", "Shop.Orders", "x/y.csv", "ß", ""])
datasets = st.builds(DatasetId, namespaces, dataset_names)
columns = st.builds(
    FieldId, datasets, st.sampled_from(["id", "ID", "a.b", "amount", "straße", "x\ny"])
)
stars = st.builds(FieldId, datasets, st.just("*"))
jobs = st.none() | st.builds(JobId, namespaces, st.sampled_from(["j", "k"]))
transformations = st.frozensets(
    st.sampled_from(
        [
            DIRECT,
            INDIRECT,
            Transformation(TransformationType.DIRECT, "HOME_MADE", "why", masking=True),
            Transformation(TransformationType.INDIRECT, "JOIN", masking=False),
        ]
    ),
    max_size=2,
)


def edges(ends: st.SearchStrategy[FieldId | DatasetId]) -> st.SearchStrategy[Edge]:
    """Edges between any two of ``ends``, self edges included."""
    return st.builds(
        Edge,
        ends,
        ends,
        st.sampled_from(Basis),
        jobs,
        transformations,
        verified=st.booleans(),
    )


column_edges = st.lists(edges(columns), max_size=25)
mixed_edges = st.lists(edges(columns | datasets | stars), max_size=25)


@st.composite
def schemas(draw: st.DrawFn) -> dict[DatasetId, Dataset]:
    """Some datasets with a schema, some without."""
    found = draw(st.lists(datasets, max_size=4, unique=True))
    names = st.lists(st.sampled_from(["id", "amount", "note"]), unique=True).map(tuple)
    return {
        id_: Dataset(id_, None if names_ is None else tuple(Field(name) for name in names_))
        for id_ in found
        for names_ in [draw(st.none() | names)]
    }


def snapshot(
    edges_: list[Edge] | tuple[Edge, ...], known: dict[DatasetId, Dataset] | None = None
) -> Snapshot:
    """A snapshot of just these edges, its jobs and datasets filled in."""
    found = dict(known or {})
    for edge in edges_:
        for end in (edge.source, edge.target):
            id_ = end.dataset if isinstance(end, FieldId) else end
            assert isinstance(id_, DatasetId)
            found.setdefault(id_, Dataset(id_))
    jobs_ = {edge.job: Job(edge.job) for edge in edges_ if edge.job is not None}
    return Snapshot(dict(sorted(found.items())), jobs_, {}, tuple(edges_))
