"""Questions to a workspace, by its front door."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given

import lineage
from lineage.graph.build import build
from lineage.graph.names import TABLE_PAYS, Names
from lineage.model.answer import Reached
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId
from lineage.model.saved import Form, dump, load
from lineage.workspace import Workspace, export
from tests.graph import estates
from tests.workspace.shop import (
    CUSTOMERS,
    ORDERS,
    REVENUE,
    SHOP,
    SQL,
    STAGE,
    STAGED,
    TEST,
    TOPIC,
    at,
    saved,
)


@pytest.fixture
def shop() -> Workspace:
    """The shop."""
    return Workspace.of(SHOP)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("revenue.total", at(REVENUE, "total")),
        ("TOTAL", at(REVENUE, "total")),
        ('"mart"."revenue"."total"', at(REVENUE, "total")),
        ("db/mart.revenue.total", at(REVENUE, "total")),
        ("customers", CUSTOMERS),
        ("raw.orders", ORDERS),
        ("revenue-changes", TOPIC),
        (" email ", at(CUSTOMERS, "email")),
    ],
)
def test_a_suffix_will_do(shop: Workspace, text: str, wanted: FieldId | DatasetId) -> None:
    assert shop.resolve(text) == wanted


def test_an_ambiguity_lists_the_candidates_by_names_that_work(shop: Workspace) -> None:
    with pytest.raises(lineage.AmbiguousName) as caught:
        shop.resolve("orders.amount")
    assert caught.value.candidates == ("raw.orders.amount", "staging.orders.amount")
    assert [shop.resolve(name) for name in caught.value.candidates] == [
        at(ORDERS, "amount"),
        at(STAGED, "amount"),
    ]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("revenue.totl", "revenue.total"),
        ("custmers", "customers"),
        ("raw.orders.amuont", "raw.orders.amount"),
    ],
)
def test_a_miss_suggests_the_nearest(shop: Workspace, text: str, near: str) -> None:
    with pytest.raises(lineage.UnknownName) as caught:
        shop.resolve(text)
    assert near in caught.value.nearest
    assert near in str(caught.value)


def test_a_miss_of_everything_says_how_to_look(shop: Workspace) -> None:
    with pytest.raises(lineage.UnknownName, match="lineage search"):
        shop.resolve("zzzzqqqq")


def test_whole_names_win_over_suffixes_of_longer_ones() -> None:
    orders, shop_orders = DatasetId("n", "orders"), DatasetId("n", "shop.orders")
    estate = Workspace.of(
        estates.snapshot([Edge(at(orders, "id"), at(shop_orders, "id"), lineage.Basis.DECLARED)])
    )
    assert estate.resolve("orders.id") == at(orders, "id")
    assert estate.label(at(shop_orders, "id")) == "shop.orders.id"


@given(estates.mixed_edges)
def test_a_label_leads_back(edges: list[Edge]) -> None:
    estate = Workspace.of(estates.snapshot(edges))
    named: list[FieldId | DatasetId] = [*estate.columns(), *estate.snapshot.datasets]
    texts = {id_: text(id_).casefold() for id_ in named}
    for id_ in texts:
        label = estate.label(id_)
        # Dots in names, and case, can make two whole names one: nothing tells those apart.
        alike = [other for other in texts.values() if other.endswith(label.casefold())]
        if len(set(alike)) == len(alike) and label.strip(" ./"):
            assert estate.resolve(label) == id_


@given(estates.mixed_edges)
def test_labels_are_the_same_by_table_and_by_search(edges: list[Edge]) -> None:
    index = build(estates.snapshot(edges))
    labels: list[list[str]] = [[], []]
    for found, asked in zip(labels, (0, TABLE_PAYS), strict=True):
        names = Names(index)
        names._asked = asked  # noqa: SLF001 - as after that many labels
        found.extend(map(names.column_label, range(index.fields)))
    assert labels[0] == labels[1]


def text(id_: FieldId | DatasetId) -> str:
    """The whole name of a thing."""
    if isinstance(id_, FieldId):
        return f"{text(id_.dataset)}.{id_.name}"
    return f"{id_.namespace}/{id_.name}"


def test_downstream_goes_through_filters_and_opaque_jobs(shop: Workspace) -> None:
    cone = shop.downstream(at(ORDERS, "status"))
    assert cone.reached == (
        Reached(at(STAGED, "amount"), 1, False, at(ORDERS, "status")),
        Reached(at(STAGED, "id"), 1, False, at(ORDERS, "status")),
        Reached(at(REVENUE, "total"), 2, False, at(STAGED, "amount")),
        Reached(at(TOPIC, "*"), 3, False, at(REVENUE, "total")),
    )
    assert cone.datasets == {STAGED: 2, REVENUE: 1, TOPIC: 1}
    assert SHOP.edges[2] in cone.edges
    assert SHOP.edges[0] not in cone.edges


def test_direct_follows_values_only(shop: Workspace) -> None:
    cone = shop.downstream(at(ORDERS, "amount"), direct=True)
    assert [(row.field, row.direct) for row in cone.reached] == [
        (at(STAGED, "amount"), True),
        (at(REVENUE, "total"), True),
    ]
    assert not shop.downstream(at(ORDERS, "status"), direct=True).reached


def test_depth_limits(shop: Workspace) -> None:
    cone = shop.downstream(at(ORDERS, "amount"), depth=1)
    assert [row.field for row in cone.reached] == [at(STAGED, "amount")]
    assert cone.edges == (SHOP.edges[1],)


def test_upstream_of_a_dataset_is_that_of_its_columns(shop: Workspace) -> None:
    cone = shop.upstream(REVENUE)
    assert {row.field for row in cone.reached} == {
        at(STAGED, "amount"),
        at(CUSTOMERS, "email"),
        at(ORDERS, "amount"),
        at(ORDERS, "status"),
    }
    assert shop.upstream(TOPIC).datasets.keys() == {REVENUE, STAGED, CUSTOMERS, ORDERS}


def test_paths_pass_through_what_holds_for_a_whole_dataset(shop: Workspace) -> None:
    [path] = shop.paths(at(ORDERS, "status"), at(REVENUE, "total"))
    assert path.columns == (at(ORDERS, "status"), at(STAGED, "amount"), at(REVENUE, "total"))
    assert [step.direct for step in path.steps] == [False, True]
    assert not path.direct
    assert path.steps[0].edges == (SHOP.edges[2],)
    [to_topic] = shop.paths(at(ORDERS, "amount"), TOPIC)
    assert to_topic.columns[-1] == TOPIC
    assert all(step.edges for step in to_topic.steps)
    assert shop.paths(at(REVENUE, "total"), at(ORDERS, "amount")) == ()


def test_paths_between_datasets_are_those_of_their_columns(shop: Workspace) -> None:
    found = shop.paths(ORDERS, REVENUE)
    assert [path.columns for path in found] == [
        (at(ORDERS, "amount"), at(STAGED, "amount"), at(REVENUE, "total")),
        (at(ORDERS, "status"), at(STAGED, "amount"), at(REVENUE, "total")),
    ]
    assert shop.paths(ORDERS, REVENUE, limit=1) == found[:1]
    assert shop.paths(ORDERS, ORDERS) == ()


def test_edges_between(shop: Workspace) -> None:
    assert shop.edges_between(at(ORDERS, "status"), at(STAGED, "id")) == (SHOP.edges[2],)
    assert shop.edges_between(ORDERS, STAGED) == SHOP.edges[:3]
    assert shop.edges_between(STAGED, ORDERS) == ()


def test_a_span_marks_the_evidence(shop: Workspace) -> None:
    [(start, end)] = shop.spans(SHOP.edges[2])
    assert SQL[start:end] == "status"
    [(start, end)] = shop.spans(SHOP.edges[1])
    assert SQL[start:end] == "amount"
    assert shop.spans(SHOP.edges[5]) == ()


def test_a_statement_says_where_it_stands(shop: Workspace) -> None:
    statement = shop.statement(STAGE)
    assert (statement.sql, statement.dialect) == (SQL, "duckdb")
    assert statement.location == lineage.Location("stage.sql", 3, 1)
    with pytest.raises(lineage.UnknownName):
        shop.statement(lineage.JobId("x", "y"))


def test_consumers_that_name_columns_count_by_column(shop: Workspace) -> None:
    reader = lineage.Consumer(TEST, "test")
    assert shop.downstream(at(ORDERS, "amount")).consumers == (reader,)
    assert shop.downstream(at(REVENUE, "total")).consumers == (reader,)
    assert shop.downstream(REVENUE).consumers == (reader,)
    assert shop.downstream(at(CUSTOMERS, "email")).consumers == ()
    assert shop.upstream(REVENUE).consumers == ()


def test_consumers_that_name_datasets_count_by_dataset() -> None:
    jobs = {**SHOP.jobs, TEST: replace(SHOP.jobs[TEST], fields=())}
    estate = Workspace.of(replace(SHOP, jobs=jobs))
    assert [row.job for row in estate.downstream(at(CUSTOMERS, "email")).consumers] == [TEST]
    assert not estate.downstream(at(ORDERS, "id")).consumers


@pytest.mark.parametrize(
    ("text", "first", "kind"),
    [
        ("total", "revenue.total", "column"),
        ("team:finance", "revenue", "dataset"),
        ("PII", "customers.email", "column"),
        ("revenue", "revenue", "dataset"),
        ("summarise", "summarise", "job"),
        ("finance gold", "revenue", "dataset"),
    ],
)
def test_search_finds_by_what_people_know(
    shop: Workspace, text: str, first: str, kind: str
) -> None:
    hit = shop.search(text)[0]
    assert (hit.label, hit.kind) == (first, kind)


def test_search_of_nothing_finds_nothing(shop: Workspace) -> None:
    assert shop.search("  ") == ()
    assert shop.search("no such thing") == ()
    assert len(shop.search("o", limit=2)) == 2


def test_links_roll_up(shop: Workspace) -> None:
    assert [(link.source, link.target, link.direct, link.indirect) for link in shop.links()] == [
        ("customers", "revenue", 1, 0),
        ("raw.orders", "staging.orders", 2, 1),
        ("revenue", "revenue-changes", 1, 0),
        ("staging.orders", "revenue", 1, 0),
    ]
    assert [(link.source, link.target) for link in shop.links("schema")] == [
        ("mart", "kafka://broker:9092"),
        ("raw", "mart"),
        ("raw", "staging"),
        ("staging", "mart"),
    ]
    with pytest.raises(lineage.RequestError, match="grouped by"):
        shop.links("colour")


def test_stats_are_the_contract(shop: Workspace) -> None:
    stats = shop.stats()
    assert (stats.events, stats.runs, stats.jobs, stats.datasets) == (7, 1, 3, 5)
    # id, amount, status to each of two columns, total, customer
    assert (stats.column_edges, stats.declared_column_edges) == (6, 3)
    assert (stats.fields, stats.dataset_edges, stats.diagnostics) == (9, 4, 2)


def test_columns_come_in_declared_order(shop: Workspace) -> None:
    assert [column.name for column in shop.columns(ORDERS)] == ["id", "amount", "status"]


def test_a_saved_snapshot_is_a_source(tmp_path: Path) -> None:
    estate = lineage.open(saved(tmp_path))
    assert estate.snapshot == SHOP
    assert estate.snapshot.edges[1].evidence == SHOP.edges[1].evidence


@given(estates.mixed_edges, estates.schemas())
def test_saving_changes_nothing(edges: list[Edge], known: dict[DatasetId, lineage.Dataset]) -> None:
    made = estates.snapshot(edges, known)
    for form in Form:
        data = dump(made, form, state="7")
        assert load(data, form) == (made, "7")
        assert dump(load(data, form)[0], form, state="7") == data


def test_a_damaged_snapshot_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(dump(SHOP)[:-40])
    with pytest.raises(lineage.SourceError, match="saved snapshot cannot be read"):
        lineage.open(path).stats()
    path.write_bytes(dump(SHOP).replace(b'"lineage_snapshot":1', b'"lineage_snapshot":9'))
    with pytest.raises(lineage.SourceError, match="version 9"):
        lineage.open(path).stats()


def test_two_snapshots_are_one_estate(tmp_path: Path) -> None:
    other = DatasetId("db", "app.dashboard")
    extra = Edge(at(REVENUE, "total"), at(other, "tile"), lineage.Basis.DECLARED)
    second = tmp_path / "other.json"
    second.write_bytes(dump(estates.snapshot([extra])))
    estate = lineage.open(saved(tmp_path), second)
    assert at(other, "tile") in {
        row.field for row in estate.downstream(at(ORDERS, "amount")).reached
    }
    assert estate.snapshot.datasets[REVENUE].fields == SHOP.datasets[REVENUE].fields


def test_the_front_door_names_what_it_lists() -> None:
    for name in lineage.__all__:
        assert getattr(lineage, name) is not None
    assert set(lineage.__all__) <= set(dir(lineage))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        lineage.nonsense  # noqa: B018 - looking is the test


def test_importing_the_front_door_imports_nothing_heavy() -> None:
    code = "import sys, lineage; lineage.Workspace; print(*sorted(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"sqlglot", "numpy", "networkx", "msgspec", "click"} & set(found)


def test_export_keeps_what_was_asked_for(shop: Workspace) -> None:
    lines = [
        len("".join(export(shop, "edges", basis=basis)).splitlines())
        for basis in ("all", "declared", "derived")
    ]
    assert lines == [6, 3, 4]
    part = "".join(export(shop, "text", select="customers.email"))
    assert part.splitlines() == [
        "customers.email -> revenue.customer  unspecified  by summarise  (declared)",
        "revenue -> revenue-changes  unspecified  by publish  (declared)",
    ]


def test_a_question_to_another_time_of_a_snapshot_is_the_same(shop: Workspace) -> None:
    assert (
        shop.at(lineage.Run("x", STAGE, lineage.RunState.FAIL, SHOP.runs["r1"].at).at).snapshot
        == SHOP
    )


@pytest.mark.parametrize(
    ("text", "edges"),
    [
        ("staging.orders.amount", [1, 2, 3, 5]),
        ("staging.orders.amount+", [3, 5]),
        ("staging.orders.amount+1", [3]),
        ("+staging.orders.amount", [1, 2]),
        ("+staging.orders", [0, 1, 2]),
        ("raw.*.status+1", [2]),
        ("*.amount+0 email+0", [1]),
        ("REVENUE+", [5]),
    ],
)
def test_select(shop: Workspace, text: str, edges: list[int]) -> None:
    assert shop.select(text) == tuple(SHOP.edges[number] for number in edges)


def test_select_of_nothing_says_so(shop: Workspace) -> None:
    for text in ("nope*+", "revenue.totl+", "orders.amount+"):
        with pytest.raises(lineage.RequestError):
            shop.select(text)


def test_diff_with_itself_is_empty(shop: Workspace) -> None:
    assert not shop.diff(Workspace.of(SHOP))
    assert shop.diff(Workspace.of(replace(SHOP, edges=())))
