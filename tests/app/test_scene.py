"""The picture agrees with the engine: nothing is drawn that is not, nothing is left out unsaid."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

import lineage
from app import lens
from app.scene import Change, scene
from app.scene import title as scene_title
from lineage import DatasetId, FieldId


@pytest.fixture(scope="module")
def demo(repository: Path) -> lineage.Workspace:
    return lineage.open(repository / "fixtures" / "demo")


def test_everything_reached_is_drawn(demo: lineage.Workspace) -> None:
    root = demo.resolve("billing.invoices.amount")
    found = scene(demo, root)
    wanted = {row.field for cone in (demo.upstream(root), demo.downstream(root))
              for row in cone.reached}  # fmt: skip
    assert set(found.columns) == wanted | {root}
    assert (found.drawn_edges, found.hidden_datasets) == (found.total_edges, 0)


@pytest.mark.parametrize("direction", ["up", "down"])
def test_one_direction(demo: lineage.Workspace, direction: str) -> None:
    root = demo.resolve("billing.invoices.amount")
    cone = demo.upstream(root) if direction == "up" else demo.downstream(root)
    found = scene(demo, root, direction=direction)
    assert set(found.columns) - {root} == {row.field for row in cone.reached}


def test_cards_do_not_overlap(demo: lineage.Workspace) -> None:
    found = scene(demo, demo.resolve("marts.fct_invoices"))
    boxes = sorted(
        (number(card["x"]), number(card["y"]), number(card["h"])) for card in found.cards
    )
    for (x, y, height), (other_x, other_y, _) in pairwise(boxes):
        assert x != other_x or other_y >= y + height


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


def test_edges_lead_to_the_right(demo: lineage.Workspace) -> None:
    found = scene(demo, demo.resolve("billing.invoices.amount"))
    place = {row["id"]: number(card["x"]) for card in found.cards for row in card["rows"]}  # type: ignore[attr-defined]
    backwards = [edge for edge in found.edges if place[edge[0]] >= place[edge[1]]]
    assert backwards == []


def test_an_opened_card_shows_every_column(demo: lineage.Workspace) -> None:
    root = demo.resolve("billing.invoices.amount")
    assert isinstance(root, FieldId)
    shut = scene(demo, root)
    found = scene(demo, root, opened=["billing.invoices"])
    card = next(card for card in found.cards if card["label"] == "billing.invoices")
    before = next(card for card in shut.cards if card["label"] == "billing.invoices")
    rows, fewer = card["rows"], before["rows"]
    assert isinstance(rows, list)
    assert isinstance(fewer, list)
    assert (card["more"], before["more"]) == (0, len(rows) - len(fewer))


def test_what_is_too_much_is_counted() -> None:
    """A hub with more readers than fit: the rest is hidden, and said to be."""
    edges = [
        lineage.Edge(
            FieldId(DatasetId("n", "hub"), "id"),
            FieldId(DatasetId("n", f"t{number}"), "id"),
            lineage.Basis.DERIVED,
        )
        for number in range(400)
    ]
    datasets = {edge.target.dataset: lineage.Dataset(edge.target.dataset)  # type: ignore[union-attr]
                for edge in edges}  # fmt: skip
    datasets[DatasetId("n", "hub")] = lineage.Dataset(DatasetId("n", "hub"))
    state = lineage.Snapshot(datasets, {}, {}, tuple(edges))
    root = FieldId(DatasetId("n", "hub"), "id")
    found = scene(lineage.Workspace.of(state), root)
    # The hub, 25 readers, and one card for the others.
    assert len(found.cards) == 27
    assert (found.total_edges, found.drawn_edges, found.folded_edges) == (400, 25, 375)
    assert (found.folded_datasets, found.hidden_datasets) == (375, 0)
    fold = next(card for card in found.cards if card["fold"])
    assert (fold["title"], fold["under"]) == ("+ 375 tables", "more that read hub")
    opened = scene(lineage.Workspace.of(state), root, opened=[str(fold["label"])])
    assert len(opened.cards) == 300
    assert opened.hidden_datasets == 101
    assert (opened.total_edges, opened.drawn_edges) == (400, 299)


def test_tables_of_a_schema_are_drawn_as_one(demo: lineage.Workspace) -> None:
    root = demo.resolve("billing.invoices.amount")
    plain, found = scene(demo, root), scene(demo, root, group="schema")
    titles = {str(card["title"]) for card in found.cards}
    assert {"staging", "marts", "invoices"} <= titles
    assert found.drawn_edges + found.folded_edges == plain.total_edges == found.total_edges
    opened = scene(demo, root, group="schema", opened=["schema:staging"])
    assert "stg_billing__invoices" in {str(card["title"]) for card in opened.cards}


def test_two_instants_in_one_picture(repository: Path) -> None:
    """What was renamed at dusk: the old column is gone, the new one is there, the rest stays."""
    fixtures = repository / "fixtures"
    night = lineage.open(fixtures / "demo")
    morning = lineage.open(fixtures / "demo", fixtures / "demo_after_dusk")
    root = night.resolve("billing.invoices")
    found = scene(morning, root, depth=1, before=night)
    told = {
        column.name: found.row_changes[number]
        for number, column in enumerate(found.columns)
        if column is not None and column.dataset == root and number in found.row_changes
    }
    assert told == {"amount": Change.REMOVED, "amount_gross": Change.ADDED}
    assert set(found.changes.values()) == {Change.ADDED, Change.REMOVED, Change.SAME}


def test_a_row_of_many_columns_leads_no_further_than_they_do(demo: lineage.Workspace) -> None:
    """What is upstream and downstream stays what it is, whatever tables are drawn together."""
    root = demo.resolve("billing.invoices.amount")
    assert isinstance(root, FieldId)
    found = scene(demo, root, group="schema")
    pairs = list(batched(found.cone["pairs"]))
    start = next(n for n, row in enumerate(found.cone["rows"]) if row == found.root)
    above = reached(start, [(other, one) for one, other, _ in pairs])
    below = reached(start, [(one, other) for one, other, _ in pairs])
    assert len(above) - 1 == len(demo.upstream(root).reached)
    assert len(below) - 1 == len(demo.downstream(root).reached)
    lines = {line for _, _, line in pairs} - {-1}
    assert lines == set(range(len(found.edges)))
    assert scene(demo, root).cone == {}


def batched(flat: list[int]) -> list[tuple[int, int, int]]:
    return list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))


def reached(start: int, links: list[tuple[int, int]]) -> set[int]:
    found, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        waiting += {other for one, other in links if one == here} - found
        found |= set(waiting)
    return found


def test_a_legend_does_not_mix_owners_with_schemas(demo: lineage.Workspace) -> None:
    root = demo.resolve("billing.invoices.amount")
    found = scene(demo, root, group="owner", by="schema")
    told = {value.name for value, _ in lens.paint(demo, found, "schema", {}).legend()}
    schemas = {demo.group(one, "schema") for one in demo.snapshot.datasets}
    assert "several schemas" in told
    assert told - {"several schemas"} <= schemas


def test_a_group_keeps_its_colour(demo: lineage.Workspace) -> None:
    """Whatever else is in the picture; what is in none is grey, and called so."""
    tones: dict[str, str] = {}
    for name in ("billing.invoices.amount", "crm.contacts.email"):
        drawn = scene(demo, demo.resolve(name))
        for value, _ in lens.paint(demo, drawn, "schema", {}).legend():
            assert tones.setdefault(value.name, value.tone) == value.tone
    owners = lens.groups(demo, "owner")
    assert owners["—"] == lens.Value("no owner", "", lens.NONE)
    assert [value.tone for value in owners.values()].count(lens.NONE) == 1


@pytest.mark.parametrize(
    ("dataset", "title"),
    [
        (DatasetId("file", "extracts/revenue.parquet"), "revenue.parquet"),
        (DatasetId("file", "revenue.parquet"), "revenue.parquet"),
        (DatasetId("s3://bucket", "revenue.parquet"), "revenue.parquet"),
        (DatasetId("duckdb", "warehouse.marts.revenue"), "revenue"),
        (DatasetId("s3://bucket", "folder/"), "folder"),
        (DatasetId("duckdb", 'marts."2024.revenue"'), "2024.revenue"),
        (DatasetId("duckdb", '"o.dd".revenue'), "revenue"),
    ],
)
def test_a_title(dataset: DatasetId, title: str) -> None:
    assert scene_title(dataset) == title
