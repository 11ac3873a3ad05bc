"""The index against networkx, and against itself the other way round."""

from __future__ import annotations

from collections.abc import Iterable

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.errors import BadIndex
from lineage.graph.build import build, encode
from lineage.graph.exchange import from_graphml, from_networkx, to_graphml, to_networkx
from lineage.graph.index import Index
from lineage.graph.layout import remember
from lineage.graph.traverse import Reach, paths, reach
from lineage.model.answer import Direction
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset
from lineage.model.identity import DatasetId, Endpoint, FieldId
from tests.graph import estates

DOWN, UP = Direction.DOWNSTREAM, Direction.UPSTREAM


def reached(
    index: Index, origin: FieldId, direction: Direction, **limits: object
) -> dict[FieldId, int]:
    node = index.find(origin)
    assert node is not None
    found = reach(index, [node], direction, **limits)  # type: ignore[arg-type]
    return {
        index.field(at): hops
        for at, hops in zip(found.nodes, found.hops, strict=True)
        if at < index.fields
    }


@given(estates.column_edges, st.integers(0, 3), st.booleans())
def test_reach_equals_networkx(edges: list[Edge], depth: int, direct: bool) -> None:
    index = build(estates.snapshot(edges))
    kept = [edge for edge in edges if edge.direct] if direct else edges
    graph = to_networkx(kept, {end for edge in edges for end in (edge.source, edge.target)})
    for origin in graph:
        found = reached(index, origin, DOWN, direct=direct)
        assert set(found) == nx.descendants(graph, origin)
        assert set(reached(index, origin, UP, direct=direct)) == nx.ancestors(graph, origin)
        lengths = dict(nx.single_source_shortest_path_length(graph, origin))
        assert found == {node: hops for node, hops in lengths.items() if node != origin}
        assert reached(index, origin, DOWN, direct=direct, depth=depth) == {
            node: hops for node, hops in found.items() if hops <= depth
        }


@given(estates.mixed_edges, estates.schemas())
def test_downstream_mirrors_upstream(edges: list[Edge], known: dict[DatasetId, Dataset]) -> None:
    index = build(estates.snapshot(edges, known))
    down = {
        index.field(node): reached(index, index.field(node), DOWN) for node in range(index.fields)
    }
    up = {index.field(node): reached(index, index.field(node), UP) for node in range(index.fields)}
    assert {(a, b, hops) for a, row in down.items() for b, hops in row.items()} == {
        (a, b, hops) for b, row in up.items() for a, hops in row.items()
    }


def whole(edges: list[Edge], known: dict[DatasetId, Dataset]) -> set[tuple[FieldId, FieldId]]:
    """Pairs one hop apart, by the meaning of the edges and without any index (no stars)."""
    columns: dict[DatasetId, set[FieldId]] = {
        id_: {FieldId(id_, field.name) for field in dataset.fields or ()}
        for id_, dataset in known.items()
    }
    for edge in edges:
        for end in (edge.source, edge.target):
            if isinstance(end, FieldId):
                columns.setdefault(end.dataset, set()).add(end)

    def ends(end: Endpoint) -> set[FieldId]:
        if isinstance(end, FieldId):
            return {end}
        assert isinstance(end, DatasetId)
        return columns.get(end, set())

    return {
        (source, target)
        for edge in edges
        for source in ends(edge.source)
        for target in ends(edge.target)
    }


@given(st.lists(estates.edges(estates.columns | estates.datasets), max_size=20), estates.schemas())
def test_a_dataset_wide_edge_means_every_column(
    edges: list[Edge], known: dict[DatasetId, Dataset]
) -> None:
    index = build(estates.snapshot(edges, known))
    pairs = whole(edges, known)
    for node in range(index.fields):
        origin = index.field(node)
        expected = {target for source, target in pairs if source == origin} - {origin}
        # A dataset without columns stands for itself and may be passed through.
        one_hop = {field for field, hops in reached(index, origin, DOWN).items() if hops == 1}
        assert one_hop == expected


@given(estates.mixed_edges, estates.schemas(), st.integers(0, 4), st.booleans())
def test_arrays_and_loops_agree(
    edges: list[Edge], known: dict[DatasetId, Dataset], depth: int, direct: bool
) -> None:
    index = build(estates.snapshot(edges, known))
    for direction in Direction:
        for origins in ([node] for node in range(index.nodes)):
            for limit in (None, depth):
                answers = [
                    reach(index, origins, direction, depth=limit, direct=direct, wide=wide)
                    for wide in (1, 2, 1_000)
                ]
                assert all(answer == answers[0] for answer in answers)


@given(estates.mixed_edges, estates.schemas())
def test_both_ways_of_sorting_give_the_same_bytes(
    edges: list[Edge], known: dict[DatasetId, Dataset]
) -> None:
    made = estates.snapshot(edges, known)
    assert encode(made) == encode(made, wide=0)


@given(estates.mixed_edges, estates.schemas())
def test_identities_and_edges_survive(edges: list[Edge], known: dict[DatasetId, Dataset]) -> None:
    index = build(estates.snapshot(edges, known))
    assert [index.edge(number) for number in range(index.edges)] == edges
    assert [index.edge(number).verified for number in range(index.edges)] == [
        edge.verified for edge in edges
    ]
    for node in range(index.fields):
        assert index.find(index.field(node)) == node
        assert node in index.columns(index.dataset_of(node))
    for number in range(index.datasets):
        assert index.find_dataset(index.dataset(number)) == number
        assert {index.dataset_of(node) for node in index.whole(number)} == {number}
    assert index.find(FieldId(DatasetId("nowhere", "a"), "id")) is None
    assert index.find(FieldId(DatasetId("default", "zz"), "id")) is None


@given(
    estates.mixed_edges,
    st.sampled_from(["id", "orders.ID", "csv.id", "ders.id", "STRASSE", "b", ""]),
)
def test_suffixes_find_what_a_scan_finds(edges: list[Edge], suffix: str) -> None:
    index = build(estates.snapshot(edges))

    def matches(text: str) -> bool:
        folded, wanted = text.casefold(), suffix.casefold()
        return folded == wanted or any(folded.endswith(mark + wanted) for mark in "./:")

    fields = [node for node in range(index.fields) if matches(index.field_text(node))]
    assert sorted(set(index.fields_named(suffix))) == fields
    found = [number for number in range(index.datasets) if matches(index.dataset_text(number))]
    assert sorted(set(index.datasets_named(suffix))) == found


@given(estates.column_edges)
def test_paths_are_the_simple_paths(edges: list[Edge]) -> None:
    index = build(estates.snapshot(edges))
    ends = [end for edge in edges for end in (edge.source, edge.target)]
    graph = nx.DiGraph((edge.source, edge.target) for edge in edges)
    for origin in [end for end in ends if isinstance(end, FieldId)][:4]:
        for goal in [end for end in reversed(ends) if isinstance(end, FieldId)][:4]:
            a, b = index.find(origin), index.find(goal)
            assert a is not None
            assert b is not None
            found = [tuple(map(index.field, way)) for way in paths(index, [a], [b], limit=10_000)]
            expected = (
                {tuple(way) for way in nx.all_simple_paths(graph, origin, goal)}
                if origin != goal
                else set()
            )
            assert set(found) == expected
            assert len(found) == len(expected)
            assert [len(way) for way in found] == sorted(len(way) for way in found)


@given(estates.mixed_edges)
def test_networkx_and_graphml_keep_every_edge(edges: list[Edge]) -> None:
    def ordered(some: Iterable[Edge]) -> list[Edge]:
        return sorted(some, key=lambda edge: (hash(edge), edge.verified))

    assert ordered(from_networkx(to_networkx(edges))) == ordered(edges)
    assert ordered(from_graphml(to_graphml(edges))) == ordered(edges)


@given(st.text(), st.text(), st.text())
def test_graphml_takes_any_name(namespace: str, name: str, field: str) -> None:
    column = FieldId(DatasetId(namespace, name), field)
    edge = Edge(column, column, Basis.DECLARED)
    assert from_graphml(to_graphml([edge])) == (edge,)


@pytest.mark.parametrize(
    "name", ["\x00", "\r\n", "\ud800", "\uffff", "\\u0041", "\\", "\u2028", "a\x85b", " "]
)
def test_graphml_takes_what_xml_refuses(name: str) -> None:
    column = FieldId(DatasetId(name, name), name)
    edge = Edge(column, DatasetId(name, name), Basis.DERIVED)
    assert from_graphml(to_graphml([edge])) == (edge,)


def test_a_graph_of_something_else_is_refused() -> None:
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph([("a", "b")])
    with pytest.raises(ValueError, match="kind must be column, dataset or job"):
        from_networkx(graph)


def test_damage_is_noticed() -> None:
    a, b = (FieldId(DatasetId("n", "t"), name) for name in "ab")
    good = encode(estates.snapshot([Edge(a, b, Basis.DECLARED)]))
    Index(good).verify()
    for position, reason in ((0, "another kind"), (8, "version"), (40, "header is damaged")):
        bad = bytearray(good)
        bad[position] ^= 0x55
        with pytest.raises(BadIndex, match=reason):
            Index(bad)
    with pytest.raises(BadIndex, match="cut short"):
        Index(good[:-9])
    with pytest.raises(BadIndex, match="too short"):
        Index(good[:10])
    bad = bytearray(good)
    bad[-8] ^= 0x55
    with pytest.raises(BadIndex, match=r"section .* is damaged"):
        Index(bad).verify()


def test_an_index_remembers_more() -> None:
    a, b = (FieldId(DatasetId("n", "t"), name) for name in "ab")
    made = estates.snapshot([Edge(a, b, Basis.DECLARED)])
    more = remember(encode(made, meta={"state": "7"}), {"why": "größe"})
    assert more == encode(made, meta={"state": "7", "why": "größe"})
    Index(more).verify()


def test_a_star_carries_names_along_a_chain() -> None:
    a, b, c = (DatasetId("n", name) for name in "abc")
    star = estates.DIRECT
    edges = [
        Edge(FieldId(a, "*"), FieldId(b, "*"), Basis.DERIVED, None, frozenset({star})),
        Edge(FieldId(b, "*"), FieldId(c, "*"), Basis.DERIVED, None, frozenset({star})),
        Edge(FieldId(c, "x"), FieldId(a, "y"), Basis.DERIVED, None, frozenset({star})),
    ]
    index = build(estates.snapshot(edges))
    assert reached(index, FieldId(a, "x"), DOWN, direct=True)[FieldId(c, "x")] == 2
    known = {a: Dataset(a, ())}
    assert index.find(FieldId(b, "x")) is not None
    assert build(estates.snapshot(edges, known)).find(FieldId(a, "x")) is None


def test_reach_tells_the_step_before() -> None:
    t = DatasetId("n", "t")
    chain = [Edge(FieldId(t, one), FieldId(t, two), Basis.DECLARED) for one, two in ("ab", "bc")]
    index = build(estates.snapshot(chain))
    assert reach(index, [0], DOWN) == Reach([1, 2], [1, 2], [0, 1])
