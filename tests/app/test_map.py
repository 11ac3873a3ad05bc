"""The map: no node lies on another, none outside, and colours are told at every level."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

import lineage
from app import lens
from app.canvas import network
from tests.app.test_pages import htmls, opened

LINE = 15
"""Points that a line of text takes; a box has eight more above and below."""


def boxes(labels: dict[str, str], plan: network.Plan) -> dict[str, tuple[float, ...]]:
    found: dict[str, tuple[float, ...]] = {}
    for name, (x, y) in plan.places.items():
        wide = network.width(labels[name]) / 2
        high = (LINE * (labels[name].count("\n") + 1) + 16) / 2
        found[name] = (x - wide, y - high, x + wide, y + high)
    return found


def check(labels: dict[str, str], plan: network.Plan) -> None:
    found = boxes(labels, plan)
    assert set(found) == set(labels)
    for (one, a), (other, b) in combinations(found.items(), 2):
        apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        assert apart, f"{one} lies on {other}"
    assert min(box[0] for box in found.values()) >= -1
    assert min(box[1] for box in found.values()) >= -1
    assert max(box[2] for box in found.values()) <= plan.wide + 1
    assert max(box[3] for box in found.values()) <= plan.high + 1


@pytest.mark.parametrize("level", ["dataset", "schema", "domain", "owner"])
def test_nodes_lie_apart(repository: Path, level: str) -> None:
    estate = lineage.open(repository / "fixtures" / "demo")
    names = {estate.group(id_, level) for id_ in estate.snapshot.datasets}
    labels = {name: network.wrapped(name) for name in sorted(names)}
    check(labels, network.plan(labels, [(one.source, one.target) for one in estate.links(level)]))


def test_many_of_one_layer_and_long_names_lie_apart() -> None:
    names = [f"{'long_' * (number % 17)}name_{number}" for number in range(150)]
    labels = {name: network.wrapped(name) for name in names}
    links = [(one, names[0]) for one in names[1:120]]
    plan = network.plan(labels, links)
    check(labels, plan)
    assert all(plan.places[one][0] < plan.places[names[0]][0] for one, _ in links)


def test_a_circle_takes_no_more_layers_than_it_has_nodes() -> None:
    """Cut where it closes: it was drawn forty layers to the right."""
    labels = {name: name for name in "abcd"}
    plan = network.plan(labels, [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d")])
    check(labels, plan)
    assert plan.wide < 4 * (network.width("a") + network.GAP)


def test_a_long_name_is_broken_at_a_joint() -> None:
    assert network.wrapped("stg_billing__subscriptions") == "stg_billing__\nsubscriptions"
    assert network.wrapped("finance-data@acme.example") == "finance-data\n@acme.example"
    assert network.wrapped("short") == "short"
    assert max(map(len, network.wrapped("x" * 80).split("\n"))) <= network.LONGEST + 1


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({"level": "owner"}, "no owner"),
        ({"level": "owner", "lens": "schema"}, "several schemas"),
        ({"level": "schema", "lens": "tests"}, "some tested"),
        ({"level": "domain", "lens": "freshness"}, "some behind what they read"),
        ({"level": "dataset", "lens": "domain"}, "no domain"),
    ],
)
def test_colours_are_told_at_every_level(
    repository: Path, monkeypatch: pytest.MonkeyPatch, query: dict[str, str], told: str
) -> None:
    monkeypatch.setenv("LINEAGE_SOURCES", str(repository / "fixtures" / "demo"))
    listed = htmls(opened("network", **query))
    assert f" {told} " in listed
    assert "—" not in listed


def test_a_group_is_what_all_its_tables_are() -> None:
    one, other = lens.Value("a", "", "#111111"), lens.Value("b", "", "#222222")
    assert lens.together([one, one], "schema") == one
    assert lens.together([one, other], "schema").name == "several schemas"
    assert lens.together([one, other], "tags").name == "several tags"
